/// Answers, good and bad, until they expire (RFC 1034 section 4.3.4, RFC 2308). Never holds more
/// than its capacity; beyond it the entry that was not used for longest, roughly, goes.
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
    }

    /// No answer is kept for longer, in seconds; a week is what RFC 8767 section 4 suggests at most,
    /// a day is what most resolvers use.
    public static let maximumTTL: UInt32 = 86_400
    /// No absence is kept for longer, in seconds (RFC 2308 section 5 suggests one to three hours).
    public static let maximumNegativeTTL: UInt32 = 3_600

    /// How many questions it can hold.
    public let capacity: Int
    private var slots: [Slot] = []
    private var places: [DNSQuestion: Int] = [:]
    private var hand = 0

    /// An empty cache; capacity 0 keeps nothing.
    public init(capacity: Int) {
        self.capacity = max(0, capacity)
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
    }

    private mutating func insert(
        _ question: DNSQuestion, _ entry: Entry, seconds: UInt32, now: UInt64
    ) {
        guard capacity > 0, seconds > 0 else { return }
        let (expiry, overflow) = now.addingReportingOverflow(UInt64(seconds) * 1_000_000_000)
        guard !overflow else { return }
        let slot = Slot(question: question, entry: entry, expiry: expiry, wasUsed: false)
        if let place = places[question] {
            slots[place] = slot
        } else if slots.count < capacity {
            places[question] = slots.count
            slots.append(slot)
        } else {
            let place = victim(now: now)
            places[slots[place].question] = nil
            places[question] = place
            slots[place] = slot
        }
    }

    /// The clock algorithm: the hand passes those that were used since it came by last.
    private mutating func victim(now: UInt64) -> Int {
        while true {
            let place = hand
            hand = (hand + 1) % slots.count
            guard slots[place].wasUsed, slots[place].expiry > now else { return place }
            slots[place].wasUsed = false
        }
    }
}
