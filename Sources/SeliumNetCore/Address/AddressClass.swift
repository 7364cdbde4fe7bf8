/// What kind of place an address is, for deciding who may reach it.
///
/// Every address has exactly one class. Only ``global`` is open to a grant that names no address.
/// The addresses of this machine's own interfaces are for the room that can list them.
public enum AddressClass: String, Hashable, Sendable, CaseIterable {
    /// Reachable on the public internet.
    case global
    /// 127.0.0.0/8, ::1
    case loopback
    /// 0.0.0.0, :: (Linux connects them to itself)
    case unspecified
    /// 169.254.0.0/16, fe80::/10: the neighbours, and many clouds' metadata services
    case linkLocal
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, and the local NAT64 prefix 64:ff9b:1::/48
    case privateUse
    /// fc00::/7
    case uniqueLocal
    /// 100.64.0.0/10, behind carrier-grade NAT
    case shared
    /// fec0::/10
    case siteLocal
    /// Addresses for examples
    case documentation
    /// Addresses for measuring devices
    case benchmark
    /// 224.0.0.0/4, ff00::/8
    case multicast
    /// Everything that nobody may use on the open internet now
    case reserved
}

extension IPv4Address {
    /// The class by the IANA IPv4 special-purpose address registry (RFC 6890).
    public var addressClass: AddressClass {
        let second = UInt8(truncatingIfNeeded: bits >> 16)
        switch UInt8(truncatingIfNeeded: bits >> 24) {
        case 0: return bits == 0 ? .unspecified : .reserved
        case 10: return .privateUse
        case 100: return second & 0xC0 == 64 ? .shared : .global
        case 127: return .loopback
        case 169: return second == 254 ? .linkLocal : .global
        case 172: return second & 0xF0 == 16 ? .privateUse : .global
        case 192: return Self.classOf192(bits)
        case 198:
            if second & 0xFE == 18 { return .benchmark }
            return bits >> 8 == 0xC6_3364 ? .documentation : .global
        case 203: return bits >> 8 == 0xCB_0071 ? .documentation : .global
        case 224...239: return .multicast
        case 240...255: return .reserved
        default: return .global
        }
    }

    private static func classOf192(_ bits: UInt32) -> AddressClass {
        switch bits >> 8 {
        case 0xC0_0000:  // 192.0.0.0/24, of which PCP and TURN anycast are global (RFC 7723, 8155)
            bits == 0xC000_0009 || bits == 0xC000_000A ? .global : .reserved
        case 0xC0_0002: .documentation
        case 0xC0_5863: .reserved  // 192.88.99.0/24, the old 6to4 relays (RFC 7526)
        case 0xC0_A800...0xC0_A8FF: .privateUse
        default: .global
        }
    }
}

extension IPv6Address {
    /// The class of the IPv4 address inside, if there is one (of both for Teredo: the client and
    /// the server must be global), else by the IANA IPv6 special-purpose address registry. What
    /// lies outside 2000::/3 and is not named there is reserved.
    public var addressClass: AddressClass {
        if high == 0, low <= 1 { return low == 0 ? .unspecified : .loopback }
        if let inside = embeddedIPv4 {
            if let server = teredoServer, server.addressClass != .global {
                return server.addressClass
            }
            return inside.addressClass
        }
        switch high >> 48 {
        case 0x0064: return high >> 16 == 0x0064_FF9B_0001 ? .privateUse : .reserved
        case 0x2001: return classOf2001
        case 0x3FFF: return high >> 44 & 0xF == 0 ? .documentation : .global
        case 0x2000...0x3FFE: return .global
        case 0xFC00...0xFDFF: return .uniqueLocal
        case 0xFE80...0xFEBF: return .linkLocal
        case 0xFEC0...0xFEFF: return .siteLocal
        case 0xFF00...0xFFFF: return .multicast
        default: return .reserved
        }
    }

    /// 2001::/16: the protocol assignments of 2001::/23 are reserved but for those that the
    /// registry calls globally reachable; behind them lies ordinary address space.
    private var classOf2001: AddressClass {
        let second = UInt16(truncatingIfNeeded: high >> 32)
        let third = UInt16(truncatingIfNeeded: high >> 16)
        switch second {
        case 0x0001:  // 2001:1::1 to ::3: PCP, TURN and DNS-SD anycast (RFC 7723, 8155, 9665)
            let isAnycast = high == 0x2001_0001_0000_0000 && (1...3).contains(low)
            return isAnycast ? .global : .reserved
        case 0x0002: return third == 0 ? .benchmark : .reserved
        case 0x0003: return .global  // AMT (RFC 7450)
        case 0x0004: return third == 0x0112 ? .global : .reserved  // AS112 (RFC 7535)
        case 0x0020...0x003F: return .global  // ORCHIDv2 (RFC 7343), DRIP (RFC 9374)
        case 0x0DB8: return .documentation
        case 0x0000...0x01FF: return .reserved
        default: return .global
        }
    }

    /// The IPv4 address in `::ffff:a.b.c.d`.
    public var mappedIPv4: IPv4Address? {
        high == 0 && low >> 32 == 0xFFFF ? IPv4Address(bits: UInt32(truncatingIfNeeded: low)) : nil
    }

    /// The IPv4 address that packets to this address end at, for the forms that carry one: mapped
    /// and compatible (RFC 4291 section 2.5.5), NAT64 (RFC 6052 section 2.1), 6to4 (RFC 3056
    /// section 2), Teredo's client (RFC 4380 section 4). `::` and `::1` carry none.
    public var embeddedIPv4: IPv4Address? {
        let last = IPv4Address(bits: UInt32(truncatingIfNeeded: low))
        if high == 0 {
            if low >> 32 == 0xFFFF { return last }
            return low >> 32 == 0 && low > 1 ? last : nil
        }
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return last }
        if high >> 48 == 0x2002 {
            return IPv4Address(bits: UInt32(truncatingIfNeeded: high >> 16))
        }
        if high >> 32 == 0x2001_0000 { return IPv4Address(bits: ~last.bits) }
        return nil
    }

    /// The server that a Teredo address is reached through.
    var teredoServer: IPv4Address? {
        high >> 32 == 0x2001_0000 ? IPv4Address(bits: UInt32(truncatingIfNeeded: high)) : nil
    }
}
