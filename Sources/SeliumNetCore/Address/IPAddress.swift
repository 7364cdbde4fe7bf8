/// An IPv4 or an IPv6 address.
public enum IPAddress: Hashable, Sendable, Comparable, LosslessStringConvertible {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// The IPv4 address `a.b.c.d`.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self = .v4(IPv4Address(a, b, c, d))
    }

    /// The IPv6 address `a:b:c:d:e:f:g:h`.
    public init(
        _ a: UInt16, _ b: UInt16, _ c: UInt16, _ d: UInt16, _ e: UInt16, _ f: UInt16, _ g: UInt16,
        _ h: UInt16, scopeID: UInt32 = 0
    ) {
        self = .v6(IPv6Address(a, b, c, d, e, f, g, h, scopeID: scopeID))
    }

    /// Whether a text is an address, of either family (RFC 4291 section 2.2; a zone is a number).
    public static func isAddress(_ text: some StringProtocol) -> Bool {
        (try? IPAddress(parsing: text)) != nil
    }

    /// Reads a dotted quad or an IPv6 text, nothing else: no names, no brackets, no ports.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        if text.utf8.prefix(5).contains(UInt8(ascii: ":")) {
            self = .v6(try IPv6Address(parsing: text))
        } else {
            self = .v4(try IPv4Address(parsing: text))
        }
    }

    /// Reads an address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? IPAddress(parsing: description) else { return nil }
        self = address
    }

    /// The address in network byte order, by its length: 4 or 16 bytes, nil for any other.
    public init?(octets: some Collection<UInt8>) {
        if let address = IPv4Address(octets: octets) {
            self = .v4(address)
        } else if let address = IPv6Address(octets: octets) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The canonical text: dotted quad or RFC 5952.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// Whether it is written as IPv4; a mapped address is not, see ``canonical``.
    public var isIPv4: Bool {
        if case .v4 = self { true } else { false }
    }

    /// Whether it is written as IPv6.
    public var isIPv6: Bool { !isIPv4 }

    /// The IPv4 address for every IPv6 form that merely carries one (mapped, compatible, NAT64,
    /// 6to4, Teredo's client), else the address itself without its interface number.
    ///
    /// Rules are compared with this value: a mapped address would otherwise walk around them.
    public var canonical: IPAddress {
        guard case .v6(let address) = self else { return self }
        if let inside = address.embeddedIPv4 { return .v4(inside) }
        return .v6(IPv6Address(high: address.high, low: address.low))
    }

    /// What one subscriber usually holds, for counting per address: an IPv4 address (mapped ones
    /// included) alone, an IPv6 address with its whole /64.
    public var rateLimitPrefix: IPAddress {
        guard case .v6(let address) = self else { return self }
        if let inside = address.mappedIPv4 { return .v4(inside) }
        return .v6(address.masked(to: 64))
    }

    /// Its class after canonicalisation.
    public var addressClass: AddressClass {
        switch self {
        case .v4(let address): address.addressClass
        case .v6(let address): address.addressClass
        }
    }

    /// 127.0.0.0/8 or ::1, in whichever form it is written.
    public var isLoopback: Bool { addressClass == .loopback }
    /// 0.0.0.0 or ::; Linux connects both to itself.
    public var isUnspecified: Bool { addressClass == .unspecified }
    /// 224.0.0.0/4 or ff00::/8
    public var isMulticast: Bool { addressClass == .multicast }
    /// 169.254.0.0/16 or fe80::/10
    public var isLinkLocal: Bool { addressClass == .linkLocal }
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918), 64:ff9b:1::/48 (RFC 8215)
    public var isPrivate: Bool { addressClass == .privateUse }
    /// 255.255.255.255, in whichever form it is written.
    public var isBroadcast: Bool { canonical == .v4(.broadcast) }
    /// fc00::/7 (RFC 4193)
    public var isUniqueLocal: Bool { addressClass == .uniqueLocal }
    /// fec0::/10 (RFC 3879)
    public var isSiteLocal: Bool { addressClass == .siteLocal }
    /// 100.64.0.0/10 (RFC 6598)
    public var isShared: Bool { addressClass == .shared }
    /// Addresses for examples (RFC 5737, RFC 3849, RFC 9637).
    public var isDocumentation: Bool { addressClass == .documentation }
    /// 198.18.0.0/15 (RFC 2544), 2001:2::/48 (RFC 5180)
    public var isBenchmark: Bool { addressClass == .benchmark }
    /// Nothing anybody may use on the open internet now, by the IANA special-purpose registries.
    public var isReserved: Bool { addressClass == .reserved }
    /// Reachable on the public internet.
    public var isGlobal: Bool { addressClass == .global }

    /// IPv4 before IPv6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}
