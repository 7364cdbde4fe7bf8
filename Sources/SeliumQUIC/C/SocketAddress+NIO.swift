internal import Glibc
internal import NIOCore

/// This room's addresses; `SocketAddress` alone would be ambiguous beside NIO's.
typealias Address = SeliumNetCore.SocketAddress

/// Where Linux keeps the parts of `sockaddr_in` and `sockaddr_in6`, in bytes. Their Swift members
/// belong to whichever C module came first, so the layout is what can be relied on.
private enum Layout {
    static let port = 2
    static let v4Address = 4
    static let v6Address = 8
    static let v6Scope = 24
    static let size = 28
}

extension Address {
    /// Nil for what is neither IPv4 nor IPv6.
    init?(_ address: NIOCore.SocketAddress) {
        switch address {
        case .v4(let v4):
            self = unsafe withUnsafeBytes(of: v4.address) { unsafe Self(v4: $0) }
        case .v6(let v6):
            self = unsafe withUnsafeBytes(of: v6.address) { unsafe Self(v6: $0) }
        default:
            return nil
        }
    }

    private init(v4 raw: UnsafeRawBufferPointer) {
        let bits = unsafe raw.loadUnaligned(fromByteOffset: Layout.v4Address, as: UInt32.self)
        let port = unsafe raw.loadUnaligned(fromByteOffset: Layout.port, as: UInt16.self)
        self.init(IPv4Address(bits: UInt32(bigEndian: bits)), port: UInt16(bigEndian: port))
    }

    private init(v6 raw: UnsafeRawBufferPointer) {
        let high = unsafe raw.loadUnaligned(fromByteOffset: Layout.v6Address, as: UInt64.self)
        let low = unsafe raw.loadUnaligned(fromByteOffset: Layout.v6Address + 8, as: UInt64.self)
        let scope = unsafe raw.loadUnaligned(fromByteOffset: Layout.v6Scope, as: UInt32.self)
        let port = unsafe raw.loadUnaligned(fromByteOffset: Layout.port, as: UInt16.self)
        self.init(
            IPv6Address(
                high: UInt64(bigEndian: high), low: UInt64(bigEndian: low), scopeID: scope),
            port: UInt16(bigEndian: port))
    }

    var nio: NIOCore.SocketAddress {
        unsafe withUnsafeTemporaryAllocation(byteCount: Layout.size, alignment: 8) { raw in
            unsafe raw.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: Layout.port, as: UInt16.self)
            switch address {
            case .v4(let v4):
                unsafe raw.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
                unsafe raw.storeBytes(
                    of: v4.bits.bigEndian, toByteOffset: Layout.v4Address, as: UInt32.self)
                return unsafe NIOCore.SocketAddress(raw.load(as: sockaddr_in.self))
            case .v6(let v6):
                unsafe raw.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
                unsafe raw.storeBytes(
                    of: v6.high.bigEndian, toByteOffset: Layout.v6Address, as: UInt64.self)
                unsafe raw.storeBytes(
                    of: v6.low.bigEndian, toByteOffset: Layout.v6Address + 8, as: UInt64.self)
                unsafe raw.storeBytes(
                    of: v6.scopeID, toByteOffset: Layout.v6Scope, as: UInt32.self)
                return unsafe NIOCore.SocketAddress(raw.load(as: sockaddr_in6.self))
            }
        }
    }
}

extension ECN {
    init(_ state: NIOExplicitCongestionNotificationState) {
        switch state {
        case .transportNotCapable: self = .notCapable
        case .transportCapableFlag0: self = .capable0
        case .transportCapableFlag1: self = .capable1
        case .congestionExperienced: self = .congestionExperienced
        }
    }

    var nio: NIOExplicitCongestionNotificationState {
        switch self {
        case .notCapable: .transportNotCapable
        case .capable0: .transportCapableFlag0
        case .capable1: .transportCapableFlag1
        case .congestionExperienced: .congestionExperienced
        }
    }
}

enum WallClock {
    /// Seconds since 1970.
    static var seconds: Int64 { Int64(time(nil)) }
}
