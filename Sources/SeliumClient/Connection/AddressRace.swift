internal import SeliumNetCore

/// Tries the addresses of one name: the next one whenever those before have failed, or have said
/// nothing for a moment (RFC 8305 §5). However many are silent, all of them share one patience.
struct AddressRace<Connection: Sendable>: Sendable {
    /// The longest wait before the next address is tried beside those before.
    private static var longestStagger: Duration { .milliseconds(250) }

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
        case waited
    }

    /// The first connection, or why there is none.
    func run() async -> Outcome {
        let end = ContinuousClock.now + patience
        // Even the last of many has half of the time.
        let stagger = min(Self.longestStagger, patience / (2 * max(addresses.count, 1)))
        return await withTaskGroup(of: Event.self) { group in
            var rest = addresses[...]
            var running = 0
            func tryNext() {
                guard let address = rest.popFirst() else { return }
                running += 1
                let connect = self.connect
                let left = max(end - ContinuousClock.now, .milliseconds(1))
                group.addTask { .ended(await connect(address, left)) }
                guard !rest.isEmpty else { return }
                group.addTask {
                    try? await Task.sleep(for: stagger)
                    return .waited
                }
            }
            tryNext()
            var outcome = Outcome.refused
            loop: while running > 0, let event = await group.next() {
                guard case .ended(let attempt) = event else {
                    tryNext()
                    continue
                }
                running -= 1
                switch attempt {
                case .connected(let connection):
                    outcome = .connected(connection)
                    break loop
                case .failed(let error):
                    outcome = .failed(error)
                    break loop
                case .silent: outcome = .silent
                case .refused: break
                }
                if running == 0 { tryNext() }
            }
            group.cancelAll()
            for await event in group {
                if case .ended(.connected(let late)) = event { await discard(late) }
            }
            return outcome
        }
    }
}
