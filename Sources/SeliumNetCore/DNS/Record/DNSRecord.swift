/// One record: what is known about a name (RFC 1035 section 3.2.1).
public struct DNSRecord: Hashable, Sendable, CustomStringConvertible {
    /// Whose record it is.
    public var name: DNSName
    /// For how many seconds it may be kept; at most 2^31 - 1 (RFC 2181 section 8).
    public var ttl: UInt32
    /// The class, the internet's unless said otherwise.
    public var recordClass: DNSClass
    /// The type and what it says.
    public var data: DNSRecordData

    /// A record of the internet class.
    public init(
        name: DNSName, ttl: UInt32, recordClass: DNSClass = .internet, data: DNSRecordData
    ) {
        self.name = name
        self.ttl = ttl
        self.recordClass = recordClass
        self.data = data
    }

    /// The record's type.
    public var type: DNSRecordType { data.type }

    /// The record as a line of a zone file; all bytes outside visible ASCII are escaped.
    public var description: String {
        let place = recordClass == .internet ? "IN" : "CLASS\(recordClass.rawValue)"
        return "\(name) \(ttl) \(place) \(type) \(data)"
    }
}

/// What a record says, by its type.
public enum DNSRecordData: Hashable, Sendable {
    case a(IPv4Address)
    case aaaa(IPv6Address)
    case ns(DNSName)
    case cname(DNSName)
    case dname(DNSName)
    case ptr(DNSName)
    case soa(SOA)
    case mx(MX)
    case txt(TXT)
    case srv(SRV)
    case naptr(NAPTR)
    case tlsa(TLSA)
    case svcb(ServiceBinding)
    case https(ServiceBinding)
    case caa(CAA)
    /// The bytes of a type that is not read here, or of a class that is not the internet's
    /// (RFC 3597).
    case unknown(DNSRecordType, [UInt8])

    /// The type that goes with it.
    public var type: DNSRecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .dname: .dname
        case .ptr: .ptr
        case .soa: .soa
        case .mx: .mx
        case .txt: .txt
        case .srv: .srv
        case .naptr: .naptr
        case .tlsa: .tlsa
        case .svcb: .svcb
        case .https: .https
        case .caa: .caa
        case .unknown(let type, _): type
        }
    }
}
