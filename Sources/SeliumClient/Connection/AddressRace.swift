internal import SeliumNetCore

/// Tries the addresses of one name: the next one whenever one has failed, or the newest attempt has
/// heard nothing for a moment, as ``AddressRaceMachine`` decides. However many are silent, all of
/// them share one patience.
struct AddressRace<Connection: Sendable>: Sendable {
    /// How the attempt at one address ended.
    enum Attempt: Sendable {
        case connected(Connection)
        /// Nothing listens there, or it cannot be reached at all.
        case refused
        /// Nothing came back.
        case silent
        /// There is a server, and this is what is wrong.
        case failed(ClientError)
    }

    /// How all of them ended.
    enum Outcome: Sendable {
        case connected(Connection)
        /// Each said that nothing listens.
        case refused
        /// At least one said nothing.
        case silent
        case failed(ClientError)
    }

    /// In the order in which they are tried.
    let addresses: [IPAddress]
    /// How long all of them may be silent.
    let patience: Duration
    /// Connects to one address within that time.
    let connect: @Sendable (IPAddress, Duration) async -> Attempt
    /// Ends a connection that was established beside the one that is used.
    let discard: @Sendable (Connection) async -> Void

    private enum Event {
        case ended(Attempt)
        case headStartOver(Duration)
    }

    /// The first connection, or why there is none.
    func run() async -> Outcome {
        let start = ContinuousClock.now
        // Even the last of many has half of the time.
        let headStart = min(
            AddressRaceMachine.usualHeadStart, patience / (2 * max(addresses.count, 1)))
        return await withTaskGroup(of: Event.self) { group in
            var machine = AddressRaceMachine(count: addresses.count, headStart: headStart)
            /// Whether the race goes on.
            func perform(_ action: AddressRaceMachine.Action) -> Bool {
                switch action {
                case .wait: break
                case .lost: return false
                case .attempt(let index, let deadline):
                    let (connect, address) = (self.connect, addresses[index])
                    let left = max(start + patience - ContinuousClock.now, .milliseconds(1))
                    group.addTask { .ended(await connect(address, left)) }
                    guard let deadline else { break }
                    group.addTask {
                        try? await Task.sleep(until: start + deadline, clock: .continuous)
                        return .headStartOver(deadline)
                    }
                }
                return true
            }
            var goesOn = perform(machine.begin(now: .zero))
            var outcome = Outcome.refused
            while goesOn, let event = await group.next() {
                let now = ContinuousClock.now - start
                switch event {
                case .headStartOver(let deadline):
                    // Sleeping ends at once in a task that is cancelled.
                    guard !Task.isCancelled else { continue }
                    goesOn = perform(machine.handleTimeout(now: max(now, deadline)))
                case .ended(.connected(let connection)):
                    outcome = .connected(connection)
                    goesOn = false
                case .ended(.failed(let error)):
                    outcome = .failed(error)
                    goesOn = false
                case .ended(let attempt):
                    if case .silent = attempt { outcome = .silent }
                    // Whoever gave up wants no further one.
                    goesOn = !Task.isCancelled && perform(machine.attemptFailed(now: now))
                }
            }
            group.cancelAll()
            for await event in group {
                if case .ended(.connected(let late)) = event { await discard(late) }
            }
            return outcome
        }
    }
}
