/// A query or a response (RFC 1035 section 4), with EDNS lifted out of its records (RFC 6891).
public struct DNSMessage: Hashable, Sendable {
    /// The bits of the header that stand for themselves.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The header's second word without opcode and response code.
        public let rawValue: UInt16

        /// The flags with these bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// QR: it is a response
        public static let response = Flags(rawValue: 0x8000)
        /// AA: from a server of the zone itself
        public static let authoritative = Flags(rawValue: 0x0400)
        /// TC: it did not fit; ask again over TCP
        public static let truncated = Flags(rawValue: 0x0200)
        /// RD: the server may ask others
        public static let recursionDesired = Flags(rawValue: 0x0100)
        /// RA: the server would
        public static let recursionAvailable = Flags(rawValue: 0x0080)
        /// AD: the server has verified it (RFC 4035 section 3.2.3)
        public static let authentic = Flags(rawValue: 0x0020)
        /// CD: the server shall not verify
        public static let checkingDisabled = Flags(rawValue: 0x0010)

        static let known: Flags = [
            .response, .authoritative, .truncated, .recursionDesired, .recursionAvailable,
            .authentic, .checkingDisabled,
        ]
    }

    /// Chosen by who asks, at random; repeated by who answers.
    public var id: UInt16
    /// The bits of the header.
    public var flags: Flags
    /// What is asked for, 0 for a query; 4 bits.
    public var opcode: UInt8
    /// How it went; above 15 only with EDNS.
    public var responseCode: DNSResponseCode
    /// What is asked; nearly always one.
    public var questions: [DNSQuestion]
    /// The records that answer the question.
    public var answers: [DNSRecord]
    /// The records that say who else knows, or for how long nobody does.
    public var authorities: [DNSRecord]
    /// Records that may be of use, without the OPT record.
    public var additionals: [DNSRecord]
    /// What the sender says about itself, nil without an OPT record.
    public var edns: EDNS?

    /// A message.
    public init(
        id: UInt16, flags: Flags = [], opcode: UInt8 = 0, responseCode: DNSResponseCode = .noError,
        questions: [DNSQuestion] = [], answers: [DNSRecord] = [], authorities: [DNSRecord] = [],
        additionals: [DNSRecord] = [], edns: EDNS? = nil
    ) {
        self.id = id
        self.flags = flags
        self.opcode = opcode & 0xF
        self.responseCode = responseCode
        self.questions = questions
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
        self.edns = edns
    }

    /// Whether it is a response.
    public var isResponse: Bool { flags.contains(.response) }
}

/// What is asked for (RFC 1035 section 4.1.2).
public struct DNSQuestion: Hashable, Sendable, CustomStringConvertible {
    /// About which name.
    public var name: DNSName
    /// Which type.
    public var type: DNSRecordType
    /// Of which class.
    public var recordClass: DNSClass

    /// A question, about the internet unless said otherwise.
    public init(_ name: DNSName, _ type: DNSRecordType, recordClass: DNSClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }

    /// Name and type.
    public var description: String { "\(name) \(type)" }

    /// Whether the two are the same to the last bit, the case of the name included.
    public func isIdentical(to other: DNSQuestion) -> Bool {
        name.isIdentical(to: other.name) && type == other.type && recordClass == other.recordClass
    }
}

/// How a query went (RFC 1035 section 4.1.1, RFC 6895 section 2.3); 12 bits.
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number, header and EDNS together.
    public let rawValue: UInt16

    /// The code with this number; bits above the twelfth are dropped.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue & 0xFFF
    }

    /// It went well
    public static let noError = DNSResponseCode(rawValue: 0)
    /// The server could not read the query
    public static let formatError = DNSResponseCode(rawValue: 1)
    /// The server could not find out
    public static let serverFailure = DNSResponseCode(rawValue: 2)
    /// There is no such name
    public static let nameError = DNSResponseCode(rawValue: 3)
    /// The server does not know this kind of query
    public static let notImplemented = DNSResponseCode(rawValue: 4)
    /// The server does not want to
    public static let refused = DNSResponseCode(rawValue: 5)
    /// The server does not know this version of EDNS (RFC 6891)
    public static let badVersion = DNSResponseCode(rawValue: 16)
    /// The cookie is not the server's (RFC 7873)
    public static let badCookie = DNSResponseCode(rawValue: 23)

    private static let names: [DNSResponseCode: String] = [
        .noError: "NOERROR", .formatError: "FORMERR", .serverFailure: "SERVFAIL",
        .nameError: "NXDOMAIN", .notImplemented: "NOTIMP", .refused: "REFUSED",
        .badVersion: "BADVERS", .badCookie: "BADCOOKIE",
    ]

    /// The mnemonic, or `RCODE` and the number.
    public var description: String { Self.names[self] ?? "RCODE\(rawValue)" }
}
