/// An address and a port.
public struct SocketAddress: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The address.
    public let address: IPAddress
    /// The port; 0 lets the system choose when it is bound.
    public let port: UInt16

    /// An address and a port.
    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// An IPv4 address and a port.
    public init(_ address: IPv4Address, port: UInt16) {
        self.init(.v4(address), port: port)
    }

    /// An IPv6 address and a port.
    public init(_ address: IPv6Address, port: UInt16) {
        self.init(.v6(address), port: port)
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
        try cursor.expect(UInt8(ascii: ":"))
        port = UInt16(truncatingIfNeeded: try cursor.decimal(upTo: UInt64(UInt16.max)))
        try cursor.expectEnd()
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

    /// By address, then by port.
    public static func < (left: SocketAddress, right: SocketAddress) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}
