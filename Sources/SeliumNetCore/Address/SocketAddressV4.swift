/// An IPv4 address with a port, where no other family will do.
public struct SocketAddressV4: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The address.
    public let address: IPv4Address
    /// The port; 0 lets the system choose when it is bound.
    public let port: UInt16

    /// An address and a port.
    public init(_ address: IPv4Address, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads `a.b.c.d:port`; the port is decimal without leading zeros.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var cursor = AddressCursor(text.utf8)
        address = IPv4Address(bits: try cursor.dottedQuad())
        port = try cursor.port()
    }

    /// Reads a socket address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? SocketAddressV4(parsing: description) else { return nil }
        self = address
    }

    /// `a.b.c.d:port`
    public var description: String { "\(address):\(port)" }

    /// By address, then by port.
    public static func < (left: SocketAddressV4, right: SocketAddressV4) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}
