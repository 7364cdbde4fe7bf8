internal import SeliumKernel
internal import Synchronization

/// What each identity has in use, over all its connections.
final class IdentityLedger: Sendable {
    private struct Account {
        var connections = 0
        var requests = 0
        var rate: TokenBucket?
        /// When it had nothing in use any more.
        var unusedSince: UInt64?
    }

    private let accounts = Mutex<[Identity: Account]>([:])
    private let configuration: ServerConfiguration

    init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// Counts a connection; false when the identity has as many as it may.
    func beginConnection(_ caller: Caller, now: UInt64) -> Bool {
        accounts.withLock { accounts in
            prune(&accounts, now: now)
            var account = accounts[caller.identity] ?? Account()
            guard account.connections < configuration.maximumConnectionsPerIdentity else {
                return false
            }
            account.connections += 1
            account.unusedSince = nil
            if account.rate == nil, caller.role == .user {
                account.rate = TokenBucket(
                    rate: configuration.requestsPerSecond, burst: configuration.requestBurst,
                    now: now)
            }
            accounts[caller.identity] = account
            return true
        }
    }

    /// The connection is over.
    func endConnection(_ caller: Caller, now: UInt64) {
        accounts.withLock { accounts in
            guard var account = accounts[caller.identity] else { return }
            account.connections -= 1
            close(&account, now: now)
            accounts[caller.identity] = account
        }
    }

    private func close(_ account: inout Account, now: UInt64) {
        let isUnused = account.connections <= 0 && account.requests <= 0
        account.unusedSince = isUnused ? now : nil
    }

    /// Forgets whom nobody has used for so long that its bucket would be full again: earlier, a new
    /// connection would bring a new burst.
    private func prune(_ accounts: inout [Identity: Account], now: UInt64) {
        let seconds = configuration.requestBurst / max(1, configuration.requestsPerSecond) + 1
        let lifetime = seconds * 1_000_000_000
        accounts = accounts.filter { _, account in
            guard let since = account.unusedSince else { return true }
            return now <= since || now - since < lifetime
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

    func endRequest(_ caller: Caller, now: UInt64) {
        accounts.withLock { accounts in
            guard var account = accounts[caller.identity] else { return }
            account.requests -= 1
            close(&account, now: now)
            accounts[caller.identity] = account
        }
    }

    /// Requests under way, of everybody.
    var requests: Int { accounts.withLock { $0.values.reduce(0) { $0 + $1.requests } } }
}
