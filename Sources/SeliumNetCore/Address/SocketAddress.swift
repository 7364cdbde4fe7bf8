/// An IPv4 or IPv6 address with a port: what `sockaddr_in` and `sockaddr_in6` hold.
///
/// The interface of a link-local address is part of the address (``IPv6Address/scopeID``).
public struct SocketAddress: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The address.
    public let address: IPAddress
    /// The port; 0 lets the system choose when it is bound.
    public let port: UInt16
    /// IPv6's flow information as the system passes it, traffic class and flow label (RFC 3493
    /// section 3.3); 0 unless somebody sets it, and always for IPv4. It has no text form.
    public let flowInfo: UInt32

    /// An address and a port; `flowInfo` is dropped for IPv4, which has none.
    public init(_ address: IPAddress, port: UInt16, flowInfo: UInt32 = 0) {
        self.address = address
        self.port = port
        self.flowInfo = address.isIPv6 ? flowInfo : 0
    }

    /// An IPv4 address and a port.
    public init(_ address: IPv4Address, port: UInt16) {
        self.init(.v4(address), port: port)
    }

    /// An IPv6 address and a port.
    public init(_ address: IPv6Address, port: UInt16, flowInfo: UInt32 = 0) {
        self.init(.v6(address), port: port, flowInfo: flowInfo)
    }

    /// Either family from the one of IPv4.
    public init(_ address: SocketAddressV4) {
        self.init(address.address, port: address.port)
    }

    /// Either family from the one of IPv6.
    public init(_ address: SocketAddressV6) {
        self.init(address.address, port: address.port, flowInfo: address.flowInfo)
    }

    /// Reads `a.b.c.d:port` or `[v6]:port`; the port is decimal without leading zeros.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var cursor = AddressCursor(text.utf8)
        if cursor.take(UInt8(ascii: "[")) {
            address = .v6(try IPv6Address.read(&cursor))
            try cursor.expect(UInt8(ascii: "]"))
        } else {
            address = .v4(IPv4Address(bits: try cursor.dottedQuad()))
        }
        port = try cursor.port()
        flowInfo = 0
    }

    /// Reads a socket address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? SocketAddress(parsing: description) else { return nil }
        self = address
    }

    /// `a.b.c.d:port` or `[v6]:port`, canonical.
    public var description: String {
        switch address {
        case .v4(let address): "\(address):\(port)"
        case .v6(let address): "[\(address)]:\(port)"
        }
    }

    /// Whether the address is written as IPv4; a mapped one is not.
    public var isIPv4: Bool { address.isIPv4 }

    /// Whether the address is written as IPv6.
    public var isIPv6: Bool { address.isIPv6 }

    /// The IPv4 form, nil for IPv6.
    public var v4: SocketAddressV4? {
        guard case .v4(let address) = address else { return nil }
        return SocketAddressV4(address, port: port)
    }

    /// The IPv6 form, nil for IPv4.
    public var v6: SocketAddressV6? {
        guard case .v6(let address) = address else { return nil }
        return SocketAddressV6(address, port: port, flowInfo: flowInfo)
    }

    /// The same address with another port, for endpoints that differ in it alone.
    public func with(port: UInt16) -> SocketAddress {
        SocketAddress(address, port: port, flowInfo: flowInfo)
    }

    /// By address, then by port, then by flow information.
    public static func < (left: SocketAddress, right: SocketAddress) -> Bool {
        (left.address, left.port, left.flowInfo) < (right.address, right.port, right.flowInfo)
    }
}

extension AddressCursor {
    /// `:port` up to the end of the text.
    mutating func port() throws(AddressError) -> UInt16 {
        try expect(UInt8(ascii: ":"))
        let start = offset
        guard let port = try? decimal(upTo: UInt64(UInt16.max)), isAtEnd else {
            throw AddressError(.badPort, at: start)
        }
        return UInt16(truncatingIfNeeded: port)
    }
}
