/// What is known about a question.
public struct DNSAnswer: Hashable, Sendable {
    /// What was asked.
    public var question: DNSQuestion
    /// The aliases that were followed, the first being the one of the name that was asked for.
    public var aliases: [DNSRecord]
    /// The records at the end of the aliases, of the type that was asked for.
    public var records: [DNSRecord]
    /// For how many seconds all of it may be kept.
    public var ttl: UInt32
    /// Whether a server that we trust has verified it (RFC 4035 section 3.2.3).
    public var isAuthentic: Bool

    /// An answer.
    public init(
        question: DNSQuestion, aliases: [DNSRecord] = [], records: [DNSRecord], ttl: UInt32,
        isAuthentic: Bool = false
    ) {
        self.question = question
        self.aliases = aliases
        self.records = records
        self.ttl = ttl
        self.isAuthentic = isAuthentic
    }

    /// The name at the end of the aliases.
    public var canonicalName: DNSName {
        guard case .cname(let target)? = aliases.last?.data else { return question.name }
        return target
    }

    /// The addresses among the records.
    public var addresses: [IPAddress] {
        records.compactMap { record in
            switch record.data {
            case .a(let address): .v4(address)
            case .aaaa(let address): .v6(address)
            default: nil
            }
        }
    }
}

/// What a response means for a question (RFC 1034 section 5.3.3, RFC 2308).
enum DNSConclusion: Hashable, Sendable {
    case answer(DNSAnswer)
    /// The aliases lead to a name that has to be asked for.
    case alias(DNSName, [DNSRecord])
    /// No such name, or no such record; to be kept so many seconds, nil for not at all.
    case nothing(DNSError.Code, ttl: UInt32?, [DNSRecord])
    case circle

    /// How many aliases are followed, over all responses.
    static let maximumAliases = 16

    /// Reads a response without an error in it. Records are taken only when the chain of aliases
    /// from the question leads to them: what else stands there is anybody's claim.
    init(_ message: DNSMessage, question: DNSQuestion, aliases known: [DNSRecord], name: DNSName) {
        var aliases = known
        var name = name
        let wantsAlias = question.type == .cname || question.type == .any
        while true {
            let here = message.answers.filter {
                $0.name == name && $0.recordClass == question.recordClass
            }
            let records = here.filter { question.type == .any || $0.type == question.type }
            if !records.isEmpty {
                let ttl = (records + aliases).map(\.ttl).min() ?? 0
                self = .answer(
                    DNSAnswer(
                        question: question, aliases: aliases, records: records, ttl: ttl,
                        isAuthentic: message.flags.contains(.authentic)))
                return
            }
            guard !wantsAlias,
                let alias = here.first(where: { $0.type == .cname }),
                case .cname(let target) = alias.data
            else { break }
            // A circle is as long as any chain: the limit ends both.
            guard aliases.count < Self.maximumAliases else {
                self = .circle
                return
            }
            aliases.append(alias)
            name = target
        }
        if message.responseCode == .nameError {
            self = .nothing(.hostNotFound, ttl: Self.negativeTTL(message, name), aliases)
        } else if aliases.count > known.count, Self.negativeTTL(message, name) == nil {
            self = .alias(name, aliases)
        } else {
            self = .nothing(.noData, ttl: Self.negativeTTL(message, name), aliases)
        }
    }

    /// RFC 2308 section 5: the lower of the SOA's TTL and its last field; the SOA has to be of a
    /// zone that the name lies in.
    private static func negativeTTL(_ message: DNSMessage, _ name: DNSName) -> UInt32? {
        for record in message.authorities where name.isWithin(record.name) {
            if case .soa(let soa) = record.data { return min(record.ttl, soa.minimum) }
        }
        return nil
    }
}
