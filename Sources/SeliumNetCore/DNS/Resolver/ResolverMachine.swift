/// A stub resolver without sockets and clock (RFC 1035 section 7, RFC 5452, RFC 7766).
///
/// Lookups go in; transmissions and outcomes are polled; what the network and the clock did is
/// reported. The same question asked twice at once is sent once. Time is in nanoseconds since any
/// fixed moment and never goes back; randomness comes from outside and has to be unpredictable, or
/// answers can be forged.
///
/// The driver: `while let t = pollTransmission()` send it, from a socket it chose, and say which
/// (``sent(_:on:)``); hand in what comes back; wake up at ``nextDeadline()`` and call
/// ``handleTimeouts(now:using:)``; deliver `pollOutcome()`.
public struct ResolverMachine: ~Copyable {
    /// Beyond so many, `ResolverConfiguration.maximumQuestions` is cut: each may have several ids of
    /// 16 bits under way, and guessing one has to stay hard.
    public static let greatestMaximumQuestions = 4_096
    /// How many messages one question may cost at most, aliases and all.
    static let maximumTransmissions = 64
    /// How many of them may still be answered.
    static let maximumOutstanding = 8
    /// For so long a server that did not answer is asked after the others.
    static let penalty: UInt64 = 30_000_000_000

    /// The configuration it was made with.
    public let configuration: ResolverConfiguration
    /// What is answered without asking.
    public var hosts: HostsFile

    var servers: [ServerState]
    var cache: DNSCache
    var flights: [FlightID: Flight] = [:]
    var flightByQuestion: [DNSQuestion: FlightID] = [:]
    var attempts: [DNSTransmission.ID: Attempt] = [:]
    var attemptByMessageID: [UInt16: DNSTransmission.ID] = [:]
    var hostQueries: [HostQueryID: HostQuery] = [:]
    var lookups: [DNSLookup: Waiting] = [:]
    var transmissions = Fifo<DNSTransmission>()
    var outcomes = Fifo<(lookup: DNSLookup, outcome: DNSOutcome)>()
    var deadlines = Fifo<(deadline: UInt64, id: DNSTransmission.ID)>()
    private var lastNumber: UInt64 = 0

    /// A resolver that asks nobody yet.
    public init(configuration: ResolverConfiguration, hosts: HostsFile = HostsFile()) {
        self.configuration = configuration
        self.hosts = hosts
        servers = configuration.effectiveServers.map { ServerState(server: $0) }
        cache = DNSCache(
            capacity: configuration.cacheCapacity, byteCapacity: configuration.cacheBytes)
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Asks for the records of a name, which is absolute: no search list, no hosts file. Throws
    /// `tryAgain` when too many lookups are under way.
    public mutating func query(
        _ question: DNSQuestion, now: UInt64, using random: inout some RandomNumberGenerator
    ) throws(DNSError) -> DNSLookup {
        let lookup = try newLookup()
        if let outcome = specialOutcome(question) {
            outcomes.append((lookup, outcome))
        } else {
            lookups[lookup] = .question(question)
            ask(question, for: .lookup(lookup), now: now, using: &random)
        }
        return lookup
    }

    /// Gives up a lookup; what it asked is given up too when nobody else wants it.
    public mutating func cancel(_ lookup: DNSLookup) {
        switch lookups.removeValue(forKey: lookup) {
        case nil: outcomes.removeAll { $0.lookup == lookup }
        case .question(let question): leave(question, .lookup(lookup))
        case .host(let id):
            guard let query = hostQueries.removeValue(forKey: id) else { return }
            for type in query.pending { leave(query.question(type), .host(id, type)) }
        }
    }

    /// The next message to send.
    public mutating func pollTransmission() -> DNSTransmission? {
        while let transmission = transmissions.popFirst() {
            // What it was for may have been given up meanwhile.
            if attempts[transmission.id] != nil { return transmission }
        }
        return nil
    }

    /// The next lookup that ended, and how.
    public mutating func pollOutcome() -> (lookup: DNSLookup, outcome: DNSOutcome)? {
        outcomes.popFirst()
    }

    /// When to call ``handleTimeouts(now:using:)`` at the latest; nil when nothing is under way.
    public mutating func nextDeadline() -> UInt64? {
        while let first = deadlines.first, attempts[first.id] == nil {
            _ = deadlines.popFirst()
        }
        return deadlines.first?.deadline
    }

    /// Forgets all answers, not what is known of the servers.
    public mutating func clearCache() {
        cache.removeAll()
    }

    /// How many answers are kept, expired ones included.
    public var cachedCount: Int { cache.count }

    /// How many different questions are under way.
    public var questionCount: Int { flights.count }

    mutating func newLookup() throws(DNSError) -> DNSLookup {
        guard lookups.count + outcomes.count < configuration.maximumLookups else {
            throw DNSError(.tryAgain)
        }
        return DNSLookup(number: nextNumber())
    }

    /// RFC 6761: what is answered here.
    private func specialOutcome(_ question: DNSQuestion) -> DNSOutcome? {
        switch SpecialName(question.name) {
        case nil: return nil
        case .nonexistent: return .failed(DNSError(.hostNotFound, question.description))
        case .loopback:
            let data: DNSRecordData? =
                switch question.type {
                case .a: .a(.loopback)
                case .aaaa: .aaaa(.loopback)
                default: nil
                }
            guard let data else { return .failed(DNSError(.noData, question.description)) }
            let record = DNSRecord(name: question.name, ttl: 0, data: data)
            return .records(
                DNSAnswer(
                    question: question, aliases: [], records: [record], ttl: 0, isAuthentic: false))
        }
    }

    private mutating func leave(_ question: DNSQuestion, _ waiter: Waiter) {
        guard let id = flightByQuestion[question] else { return }
        flights[id]?.waiters.removeAll { $0 == waiter }
        if flights[id]?.waiters.isEmpty == true { _ = removeFlight(id) }
    }

    func isFull() -> Bool {
        flights.count
            >= min(configuration.maximumQuestions, ResolverMachine.greatestMaximumQuestions)
    }
}
