internal import Synchronization

/// What a client remembers of servers for its next connections: tickets to resume with (RFC 8446
/// §2.2) and tokens that prove its address (RFC 9000 §8.1.3).
///
/// In memory only, and bounded: the server that was talked to least recently is forgotten first. What
/// is handed out is gone, because using it twice would let an observer link the two connections (RFC
/// 8446 §C.4). It is kept apart for each server name and each way of asking (trust roots, own
/// certificate, protocols, groups), so one cache may serve any number of configurations and threads.
public final class TLSSessionCache: Sendable {
    /// Tickets kept of one server: as many connections can begin at once. The newest is used first.
    public static let ticketsPerServer = 2
    /// Tokens kept of one server.
    public static let tokensPerServer = 2
    /// The longest token kept, bytes. It travels in each Initial packet of 1,200.
    public static let largestAddressToken = 512
    /// Seconds after which a token is not worth a try: servers do not say how long theirs are good.
    public static let addressTokenLifetime: Int64 = 86_400

    /// Whom and how a client asks.
    package struct Key: Hashable, Sendable {
        let serverName: String
        let configuration: [UInt8]
    }

    private struct Entry {
        var tickets: [TLSTicket] = []
        var tokens: [(bytes: [UInt8], time: Int64)] = []
        var lastUse: UInt64 = 0

        var isEmpty: Bool { self.tickets.isEmpty && self.tokens.isEmpty }
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    /// Servers remembered at most.
    public let capacity: Int
    private let state = Mutex(State())

    /// Remembers nothing yet.
    ///
    /// - Parameter capacity: servers; a ticket with the server's certificates takes up to 20 KiB, and
    ///   two of each are kept. At least one.
    public init(capacity: Int = 64) {
        self.capacity = max(1, capacity)
    }

    /// Servers of which something is remembered.
    public var count: Int { self.state.withLock { $0.entries.count } }

    /// Forgets everything.
    public func removeAll() {
        self.state.withLock { $0.entries = [:] }
    }

    // MARK: Tickets

    package func keep(_ ticket: TLSTicket, of key: Key) {
        self.change(key) { entry in
            entry.tickets.append(ticket)
            if entry.tickets.count > Self.ticketsPerServer { entry.tickets.removeFirst() }
        }
    }

    /// The newest ticket that has not expired; those that have are forgotten.
    package func takeTicket(of key: Key, now: Int64) -> TLSTicket? {
        self.take(key) { entry in
            entry.tickets.removeAll { !$0.isValid(at: now) }
            return entry.tickets.popLast()
        }
    }

    // MARK: Tokens

    package func keep(addressToken token: [UInt8], of key: Key, now: Int64) {
        guard !token.isEmpty, token.count <= Self.largestAddressToken else { return }
        self.change(key) { entry in
            entry.tokens.append((token, now))
            if entry.tokens.count > Self.tokensPerServer { entry.tokens.removeFirst() }
        }
    }

    package func takeAddressToken(of key: Key, now: Int64) -> [UInt8]? {
        self.take(key) { entry in
            entry.tokens.removeAll { token in
                now < token.time || now - token.time >= Self.addressTokenLifetime
            }
            return entry.tokens.popLast()?.bytes
        }
    }

    /// What there is of one server, for tests.
    package func holdings(of key: Key) -> (tickets: Int, tokens: Int) {
        self.state.withLock { state in
            (state.entries[key]?.tickets.count ?? 0, state.entries[key]?.tokens.count ?? 0)
        }
    }

    // MARK: Entries

    private func change(_ key: Key, _ body: (inout Entry) -> Void) {
        self.state.withLock { state in
            state.uses += 1
            var entry = state.entries.removeValue(forKey: key) ?? Entry()
            body(&entry)
            entry.lastUse = state.uses
            // Linear, over a few dozen.
            if state.entries.count >= self.capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
            {
                state.entries[oldest] = nil
            }
            state.entries[key] = entry
        }
    }

    private func take<Value: Sendable>(_ key: Key, _ body: (inout Entry) -> Value?) -> Value? {
        self.state.withLock { state in
            guard var entry = state.entries[key] else { return nil }
            let value = body(&entry)
            state.entries[key] = entry.isEmpty ? nil : entry
            return value
        }
    }
}

extension TLSSessionCache: CustomReflectable {
    /// Nothing of what is in it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
