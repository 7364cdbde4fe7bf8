/// An IPv6 address: 128 bits and the number of the interface it is meant on, no heap.
public struct IPv6Address: Hashable, Sendable, Comparable {
    /// The first 64 bits as one number.
    public let high: UInt64
    /// The last 64 bits as one number.
    public let low: UInt64
    /// The interface's number for addresses that mean something on one link only (RFC 4007);
    /// 0 is none. It is part of the value: `fe80::1%2` is another address than `fe80::1%3`.
    public let scopeID: UInt32

    /// The address with these two halves.
    public init(high: UInt64, low: UInt64, scopeID: UInt32 = 0) {
        self.high = high
        self.low = low
        self.scopeID = scopeID
    }

    /// The address `a:b:c:d:e:f:g:h`.
    public init(
        _ a: UInt16, _ b: UInt16, _ c: UInt16, _ d: UInt16, _ e: UInt16, _ f: UInt16, _ g: UInt16,
        _ h: UInt16, scopeID: UInt32 = 0
    ) {
        self.init(groups: [a, b, c, d, e, f, g, h], scopeID: scopeID)
    }

    /// The address in network byte order; nil unless there are exactly sixteen bytes.
    public init?(octets: some Collection<UInt8>, scopeID: UInt32 = 0) {
        guard octets.count == 16 else { return nil }
        high = octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = octets.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.scopeID = scopeID
    }

    /// `address` as IPv6 sockets write it, `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2).
    public init(mapping address: IPv4Address) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(address.bits))
    }

    init(groups: [8 of UInt16], scopeID: UInt32) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        for index in 0..<4 { halves.high = halves.high << 16 | UInt64(groups[index]) }
        for index in 4..<8 { halves.low = halves.low << 16 | UInt64(groups[index]) }
        self.init(high: halves.high, low: halves.low, scopeID: scopeID)
    }

    /// The sixteen bytes in network byte order.
    public var octets: [16 of UInt8] {
        var octets = [16 of UInt8](repeating: 0)
        for index in 0..<8 {
            octets[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
            octets[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
        }
        return octets
    }

    /// The eight groups of sixteen bits.
    public var groups: [8 of UInt16] {
        var groups = [8 of UInt16](repeating: 0)
        for index in 0..<4 {
            groups[index] = UInt16(truncatingIfNeeded: high >> UInt64(48 - 16 * index))
            groups[index + 4] = UInt16(truncatingIfNeeded: low >> UInt64(48 - 16 * index))
        }
        return groups
    }

    /// Orders by number, then by interface.
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low, left.scopeID) < (right.high, right.low, right.scopeID)
    }

    /// ::1
    public static let loopback = IPv6Address(high: 0, low: 1)
    /// ::
    public static let any = IPv6Address(high: 0, low: 0)

    /// The address with all bits behind `prefixLength` cleared and without its interface; lengths
    /// beyond 128 keep all bits.
    public func masked(to prefixLength: UInt8) -> IPv6Address {
        let length = UInt64(min(prefixLength, 128))
        // Shifting by 64 or more gives 0 with Swift's smart shift.
        let highMask = ~(UInt64.max >> min(length, 64))
        let lowMask = length <= 64 ? 0 : ~(UInt64.max >> (length - 64))
        return IPv6Address(high: high & highMask, low: low & lowMask)
    }
}

extension IPv6Address {
    /// ::1 and the IPv4 loopback addresses inside an IPv6 one.
    public var isLoopback: Bool { addressClass == .loopback }
    /// :: and ::ffff:0.0.0.0, which the kernel treats alike.
    public var isUnspecified: Bool { addressClass == .unspecified }
    /// fe80::/10
    public var isLinkLocal: Bool { addressClass == .linkLocal }
    /// fc00::/7 (RFC 4193)
    public var isUniqueLocal: Bool { addressClass == .uniqueLocal }
    /// fec0::/10 (deprecated by RFC 3879, still routed by some)
    public var isSiteLocal: Bool { addressClass == .siteLocal }
    /// ff00::/8
    public var isMulticast: Bool { addressClass == .multicast }
    /// 2001:db8::/32, 3fff::/20 (RFC 3849, RFC 9637)
    public var isDocumentation: Bool { addressClass == .documentation }
    /// 2001:2::/48 (RFC 5180)
    public var isBenchmark: Bool { addressClass == .benchmark }
    /// Nothing anybody may use on the open internet now, by the IANA special-purpose registry.
    public var isReserved: Bool { addressClass == .reserved }
    /// Reachable on the public internet, by the IANA special-purpose registry.
    public var isGlobal: Bool { addressClass == .global }
}
