/// Answers, good and bad, until they expire (RFC 1034 section 4.3.4, RFC 2308). Never holds more
/// than its capacity in questions and in bytes; beyond it the entries that were not used for longest,
/// roughly, go.
public struct DNSCache: Sendable {
    /// What is kept about a question.
    public enum Entry: Hashable, Sendable {
        case answer(DNSAnswer)
        /// There is no such name, or no such record.
        case nothing(DNSError.Code)
    }

    private struct Slot: Sendable {
        var question: DNSQuestion
        var entry: Entry
        var expiry: UInt64
        var wasUsed: Bool
        var cost: Int
    }

    /// No answer is kept for longer, in seconds; a week is what RFC 8767 section 4 suggests at most,
    /// a day is what most resolvers use.
    public static let maximumTTL: UInt32 = 86_400
    /// No absence is kept for longer, in seconds (RFC 2308 section 5 suggests one to three hours).
    public static let maximumNegativeTTL: UInt32 = 3_600

    /// How many questions it can hold.
    public let capacity: Int
    /// How many bytes it can hold, by estimate; an answer that costs more than an eighth of it is not
    /// kept at all.
    public let byteCapacity: Int
    /// How many bytes it holds, by the same estimate.
    public private(set) var bytes = 0
    private var slots: [Slot] = []
    private var places: [DNSQuestion: Int] = [:]
    private var hand = 0

    /// An empty cache; capacity 0 keeps nothing.
    public init(capacity: Int, byteCapacity: Int = 16 << 20) {
        self.capacity = max(0, capacity)
        self.byteCapacity = max(0, byteCapacity)
    }

    /// How many it holds, expired ones included.
    public var count: Int { slots.count }

    /// What is known, with what is left of its time; nil when nothing is, or no longer.
    ///
    /// - Parameter now: nanoseconds since any fixed moment, the same one in every call.
    public mutating func find(_ question: DNSQuestion, now: UInt64) -> Entry? {
        guard let place = places[question], slots[place].expiry > now else { return nil }
        slots[place].wasUsed = true
        switch slots[place].entry {
        case .nothing(let code): return .nothing(code)
        case .answer(var answer):
            answer.ttl = UInt32(truncatingIfNeeded: (slots[place].expiry - now) / 1_000_000_000)
            answer.question = question
            return .answer(answer)
        }
    }

    /// Keeps an answer for its TTL.
    public mutating func insert(_ answer: DNSAnswer, now: UInt64) {
        insert(
            answer.question, .answer(answer), seconds: min(answer.ttl, Self.maximumTTL), now: now)
    }

    /// Keeps an absence.
    public mutating func insert(
        absence code: DNSError.Code, of question: DNSQuestion, ttl: UInt32, now: UInt64
    ) {
        insert(question, .nothing(code), seconds: min(ttl, Self.maximumNegativeTTL), now: now)
    }

    /// Forgets everything.
    public mutating func removeAll() {
        slots = []
        places = [:]
        hand = 0
        bytes = 0
    }

    private mutating func insert(
        _ question: DNSQuestion, _ entry: Entry, seconds: UInt32, now: UInt64
    ) {
        guard capacity > 0, seconds > 0 else { return }
        let (expiry, overflow) = now.addingReportingOverflow(UInt64(seconds) * 1_000_000_000)
        let cost = Self.cost(question, entry)
        guard !overflow, cost <= byteCapacity / 8 else { return }
        if let place = places[question] { remove(at: place) }
        while slots.count >= capacity || bytes + cost > byteCapacity {
            remove(at: victim(now: now))
        }
        places[question] = slots.count
        bytes += cost
        slots.append(
            Slot(question: question, entry: entry, expiry: expiry, wasUsed: false, cost: cost))
    }

    /// The last slot moves to where one was removed.
    private mutating func remove(at place: Int) {
        bytes -= slots[place].cost
        places[slots[place].question] = nil
        let last = slots.removeLast()
        if place < slots.count {
            slots[place] = last
            places[last.question] = place
        }
    }

    /// The clock algorithm: the hand passes those that were used since it came by last.
    private mutating func victim(now: UInt64) -> Int {
        while true {
            let place = hand < slots.count ? hand : 0
            hand = place + 1
            guard slots[place].wasUsed, slots[place].expiry > now else { return place }
            slots[place].wasUsed = false
        }
    }

    /// About what an entry takes, arrays and their headers included.
    private static func cost(_ question: DNSQuestion, _ entry: Entry) -> Int {
        let own = 256 + question.name.wire.count
        guard case .answer(let answer) = entry else { return own }
        return (answer.records + answer.aliases).reduce(own) { $0 + $1.cost }
    }
}

extension DNSRecord {
    /// About what a record takes in memory.
    fileprivate var cost: Int {
        let data =
            switch data {
            case .a, .aaaa: 0
            case .ns(let name), .cname(let name), .dname(let name), .ptr(let name): name.wire.count
            case .soa(let soa): soa.primary.wire.count + soa.mailbox.wire.count
            case .mx(let mx): mx.exchange.wire.count
            case .srv(let srv): srv.target.wire.count
            case .txt(let txt): txt.strings.reduce(0) { $0 + 48 + $1.count }
            case .naptr(let rule):
                rule.flags.count + rule.services.count + rule.regularExpression.count
                    + rule.replacement.wire.count
            case .tlsa(let tlsa): tlsa.association.count
            case .svcb(let binding), .https(let binding):
                binding.parameters.reduce(binding.target.wire.count) { $0 + 48 + $1.value.count }
            case .caa(let caa): caa.tag.utf8.count + caa.value.count
            case .unknown(_, let bytes): bytes.count
            }
        return 192 + name.wire.count + data
    }
}
