internal import SeliumKernel
internal import Synchronization

/// What each identity has in use, over all its connections.
final class IdentityLedger: Sendable {
    private struct Account {
        var connections = 0
        var requests = 0
        var rate: TokenBucket?
    }

    private let accounts = Mutex<[Identity: Account]>([:])
    private let configuration: ServerConfiguration

    init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// Counts a connection; false when the identity has as many as it may.
    func beginConnection(_ caller: Caller, now: UInt64) -> Bool {
        accounts.withLock { accounts in
            var account = accounts[caller.identity] ?? Account()
            guard account.connections < configuration.maximumConnectionsPerIdentity else {
                return false
            }
            account.connections += 1
            if account.rate == nil, caller.role == .user {
                account.rate = TokenBucket(
                    rate: configuration.requestsPerSecond, burst: configuration.requestBurst,
                    now: now)
            }
            accounts[caller.identity] = account
            return true
        }
    }

    /// The connection is over. An identity without one is forgotten: its bucket would be full again
    /// long before a new handshake could use it up.
    func endConnection(_ caller: Caller) {
        accounts.withLock { accounts in
            guard var account = accounts[caller.identity] else { return }
            account.connections -= 1
            let isUnused = account.connections <= 0 && account.requests <= 0
            accounts[caller.identity] = isUnused ? nil : account
        }
    }

    enum Admission: Sendable, Equatable {
        case admitted
        /// Read the request after this many nanoseconds, then ask again.
        case later(nanoseconds: UInt64)
        /// Too many are under way.
        case exhausted
    }

    /// Counts a request, unless it comes too fast or on top of too many.
    func beginRequest(_ caller: Caller, now: UInt64) -> Admission {
        accounts.withLock { accounts in
            guard var account = accounts[caller.identity] else { return .exhausted }
            guard account.requests < configuration.maximumRequestsPerIdentity else {
                return .exhausted
            }
            if case .wait(let nanoseconds)? = account.rate?.take(1, now: now) {
                accounts[caller.identity] = account
                return .later(nanoseconds: nanoseconds)
            }
            account.requests += 1
            accounts[caller.identity] = account
            return .admitted
        }
    }

    func endRequest(_ caller: Caller) {
        accounts.withLock { accounts in
            guard var account = accounts[caller.identity] else { return }
            account.requests -= 1
            let isUnused = account.connections <= 0 && account.requests <= 0
            accounts[caller.identity] = isUnused ? nil : account
        }
    }

    /// Requests under way, of everybody.
    var requests: Int { accounts.withLock { $0.values.reduce(0) { $0 + $1.requests } } }
}
