/// An IPv4 address: 32 bits, no heap.
public struct IPv4Address: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The address as one number, `127.0.0.1` being `0x7F00_0001`.
    public let bits: UInt32

    /// The address with this number.
    public init(bits: UInt32) {
        self.bits = bits
    }

    /// The address `a.b.c.d`.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// The address in network byte order; nil unless there are exactly four bytes.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 4 else { return nil }
        bits = octets.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads a dotted quad: four decimal numbers without leading zeros (RFC 6943 section 3.1.1;
    /// `010` is 8 to one parser and 10 to the next), nothing before or after.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var cursor = AddressCursor(text.utf8)
        bits = try cursor.dottedQuad()
        try cursor.expectEnd()
    }

    /// Reads a dotted quad as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? IPv4Address(parsing: description) else { return nil }
        self = address
    }

    /// The four bytes in network byte order.
    public var octets: [4 of UInt8] {
        [
            UInt8(truncatingIfNeeded: bits >> 24), UInt8(truncatingIfNeeded: bits >> 16),
            UInt8(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits),
        ]
    }

    /// The dotted quad.
    public var description: String {
        let octets = octets
        return "\(octets[0]).\(octets[1]).\(octets[2]).\(octets[3])"
    }

    /// Orders by number.
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool {
        left.bits < right.bits
    }

    /// 127.0.0.1
    public static let loopback = IPv4Address(127, 0, 0, 1)
    /// 0.0.0.0
    public static let any = IPv4Address(bits: 0)
    /// 255.255.255.255
    public static let broadcast = IPv4Address(bits: .max)

    /// The address with all bits behind `prefixLength` cleared; lengths beyond 32 keep all bits.
    public func masked(to prefixLength: UInt8) -> IPv4Address {
        IPv4Address(bits: prefixLength >= 32 ? bits : bits & ~(UInt32.max >> UInt32(prefixLength)))
    }
}

extension IPv4Address {
    /// 127.0.0.0/8
    public var isLoopback: Bool { addressClass == .loopback }
    /// 0.0.0.0 itself; the rest of 0.0.0.0/8 is reserved.
    public var isUnspecified: Bool { bits == 0 }
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918)
    public var isPrivate: Bool { addressClass == .privateUse }
    /// 169.254.0.0/16 (RFC 3927)
    public var isLinkLocal: Bool { addressClass == .linkLocal }
    /// 224.0.0.0/4
    public var isMulticast: Bool { addressClass == .multicast }
    /// 255.255.255.255
    public var isBroadcast: Bool { self == .broadcast }
    /// 100.64.0.0/10 (RFC 6598)
    public var isShared: Bool { addressClass == .shared }
    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737)
    public var isDocumentation: Bool { addressClass == .documentation }
    /// 198.18.0.0/15 (RFC 2544)
    public var isBenchmark: Bool { addressClass == .benchmark }
    /// Nothing anybody may use on the open internet now, by the IANA special-purpose registry.
    public var isReserved: Bool { addressClass == .reserved }
    /// Reachable on the public internet, by the IANA special-purpose registry.
    public var isGlobal: Bool { addressClass == .global }
}
