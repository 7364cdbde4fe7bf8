internal import SeliumKernel
internal import Synchronization

/// What one identity has in use, over all its connections.
final class IdentityAccount: Sendable {
    fileprivate struct State {
        var connections = 0
        /// Requests at work.
        var requests = 0
        /// Requests that wait for their reader, or for a process they follow.
        var waiting = 0
        /// Bytes that this identity makes us hold.
        var buffered = 0
        /// nil for a role without a rate.
        var rate: TokenBucket?
        /// When it had nothing in use any more.
        var unusedSince: UInt64?

        mutating func judgeUse(now: UInt64) {
            unusedSince = connections <= 0 && requests + waiting <= 0 ? now : nil
        }
    }

    fileprivate let state: Mutex<State>
    private let maximumRequests: Int
    private let maximumBuffered: Int

    fileprivate init(_ role: Role, _ configuration: ServerConfiguration, now: UInt64) {
        var state = State()
        if role == .user {
            state.rate = TokenBucket(
                rate: configuration.requestsPerSecond, burst: configuration.requestBurst, now: now)
        }
        self.state = Mutex(state)
        maximumRequests = configuration.maximumRequestsPerIdentity
        maximumBuffered = configuration.maximumBufferedPerIdentity
    }

    enum Admission: Sendable, Equatable {
        case admitted
        /// Read the request after this many nanoseconds, then ask again.
        case later(nanoseconds: UInt64)
        /// Too many are under way.
        case exhausted
    }

    /// Counts a request, unless it comes too fast or on top of too many.
    func beginRequest(now: UInt64) -> Admission {
        state.withLock { state in
            guard state.requests < maximumRequests else { return .exhausted }
            if case .wait(let nanoseconds)? = state.rate?.take(1, now: now) {
                return .later(nanoseconds: nanoseconds)
            }
            state.requests += 1
            return .admitted
        }
    }

    /// A request has done its work: it only waits for its reader, or follows a process. Such ones have
    /// limits of their own (streams, buffers), so that they never lock out the identity's other
    /// clients.
    func beginWaiting() {
        state.withLock { state in
            state.requests -= 1
            state.waiting += 1
        }
    }

    func endRequest(wasWaiting: Bool, now: UInt64) {
        state.withLock { state in
            if wasWaiting { state.waiting -= 1 } else { state.requests -= 1 }
            state.judgeUse(now: now)
        }
    }

    // MARK: Buffers

    /// Counts `bytes`, unless the identity has too many already.
    ///
    /// - Parameter isBulk: for a log that somebody follows. That leaves an eighth, so that requests
    ///   which are soon over find room beside any number of readers that stand still.
    func reserve(_ bytes: Int, isBulk: Bool = false) -> Bool {
        let limit = isBulk ? maximumBuffered - maximumBuffered / 8 : maximumBuffered
        return state.withLock { state in
            guard state.buffered + bytes <= limit else { return false }
            state.buffered += bytes
            return true
        }
    }

    /// Counts what cannot be refused any more, or is there no more.
    func changeBuffered(by bytes: Int) {
        guard bytes != 0 else { return }
        state.withLock { $0.buffered += bytes }
    }

    /// Whether anything more may be taken for this identity.
    var hasRoom: Bool { state.withLock { $0.buffered < maximumBuffered } }

    func endConnection(now: UInt64) {
        state.withLock { state in
            state.connections -= 1
            state.judgeUse(now: now)
        }
    }
}

/// The accounts of all identities that have, or just had, a connection.
final class IdentityLedger: Sendable {
    private let accounts = Mutex<[Identity: IdentityAccount]>([:])
    private let configuration: ServerConfiguration

    init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// Counts a connection; nil when the identity has as many as it may.
    func beginConnection(_ caller: Caller, now: UInt64) -> IdentityAccount? {
        accounts.withLock { accounts in
            prune(&accounts, now: now)
            let account =
                accounts[caller.identity] ?? IdentityAccount(caller.role, configuration, now: now)
            let isCounted = account.state.withLock { state in
                guard state.connections < configuration.maximumConnectionsPerIdentity else {
                    return false
                }
                state.connections += 1
                state.unusedSince = nil
                return true
            }
            guard isCounted else { return nil }
            accounts[caller.identity] = account
            return account
        }
    }

    /// Forgets whom nobody has used for so long that its bucket would be full again: earlier, a new
    /// connection would bring a new burst.
    private func prune(_ accounts: inout [Identity: IdentityAccount], now: UInt64) {
        let seconds = configuration.requestBurst / max(1, configuration.requestsPerSecond) + 1
        let lifetime = seconds * 1_000_000_000
        accounts = accounts.filter { _, account in
            guard let since = account.state.withLock({ $0.unusedSince }) else { return true }
            return now <= since || now - since < lifetime
        }
    }

    /// Requests under way, of everybody.
    var requests: Int {
        accounts.withLock { accounts in
            accounts.values.reduce(0) { sum, account in
                sum + account.state.withLock { $0.requests + $0.waiting }
            }
        }
    }

    /// Bytes that all callers together make us hold, as last counted.
    var buffered: Int {
        accounts.withLock { accounts in
            accounts.values.reduce(0) { sum, account in
                sum + account.state.withLock { $0.buffered }
            }
        }
    }
}
