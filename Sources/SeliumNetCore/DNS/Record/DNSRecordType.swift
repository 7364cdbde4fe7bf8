/// The type of a record, or of what a question asks for (RFC 1035 sections 3.2.2 and 3.2.3).
public struct DNSRecordType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    /// The type with this number; any is allowed.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// An IPv4 address (RFC 1035)
    public static let a = DNSRecordType(rawValue: 1)
    /// A name server of a zone (RFC 1035)
    public static let ns = DNSRecordType(rawValue: 2)
    /// The canonical name of an alias (RFC 1035)
    public static let cname = DNSRecordType(rawValue: 5)
    /// The start of a zone (RFC 1035)
    public static let soa = DNSRecordType(rawValue: 6)
    /// The name of an address (RFC 1035)
    public static let ptr = DNSRecordType(rawValue: 12)
    /// A mail exchange (RFC 1035)
    public static let mx = DNSRecordType(rawValue: 15)
    /// Text (RFC 1035)
    public static let txt = DNSRecordType(rawValue: 16)
    /// An IPv6 address (RFC 3596)
    public static let aaaa = DNSRecordType(rawValue: 28)
    /// Where a service is (RFC 2782)
    public static let srv = DNSRecordType(rawValue: 33)
    /// A rule that rewrites names (RFC 3403)
    public static let naptr = DNSRecordType(rawValue: 35)
    /// An alias for everything below a name (RFC 6672)
    public static let dname = DNSRecordType(rawValue: 39)
    /// EDNS's pseudo-record (RFC 6891)
    public static let opt = DNSRecordType(rawValue: 41)
    /// Which certificate a TLS server has (RFC 6698)
    public static let tlsa = DNSRecordType(rawValue: 52)
    /// A service binding (RFC 9460)
    public static let svcb = DNSRecordType(rawValue: 64)
    /// The service binding of an HTTP origin (RFC 9460)
    public static let https = DNSRecordType(rawValue: 65)
    /// Every type there is, in questions only (RFC 8482: servers need not answer in full)
    public static let any = DNSRecordType(rawValue: 255)
    /// Who may issue certificates (RFC 8659)
    public static let caa = DNSRecordType(rawValue: 257)

    private static let names: [(DNSRecordType, String)] = [
        (.a, "A"), (.ns, "NS"), (.cname, "CNAME"), (.soa, "SOA"), (.ptr, "PTR"), (.mx, "MX"),
        (.txt, "TXT"), (.aaaa, "AAAA"), (.srv, "SRV"), (.naptr, "NAPTR"), (.dname, "DNAME"),
        (.opt, "OPT"), (.tlsa, "TLSA"), (.svcb, "SVCB"), (.https, "HTTPS"), (.any, "ANY"),
        (.caa, "CAA"),
    ]

    /// The mnemonic, or `TYPE` and the number (RFC 3597 section 5).
    public var description: String {
        Self.names.first { $0.0 == self }?.1 ?? "TYPE\(rawValue)"
    }

    /// Reads a mnemonic of either case, or `TYPE` and a number.
    public init?(_ text: String) {
        let upper = text.uppercased()
        if let known = Self.names.first(where: { $0.1 == upper }) {
            self = known.0
        } else if upper.hasPrefix("TYPE"), upper.dropFirst(4).utf8.first != UInt8(ascii: "+"),
            let number = UInt16(upper.dropFirst(4))
        {
            self.init(rawValue: number)
        } else {
            return nil
        }
    }
}

/// The class of a record; the internet's nearly always (RFC 1035 section 3.2.4).
public struct DNSClass: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// The class with this number; any is allowed.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The internet
    public static let internet = DNSClass(rawValue: 1)
    /// Chaosnet, which servers use to tell about themselves
    public static let chaos = DNSClass(rawValue: 3)
    /// Any class, in questions only
    public static let any = DNSClass(rawValue: 255)
}
