/// An IPv6 address with a port, where no other family will do (`sockaddr_in6`, RFC 3493
/// section 3.3).
public struct SocketAddressV6: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The address, with the number of its interface.
    public let address: IPv6Address
    /// The port; 0 lets the system choose when it is bound.
    public let port: UInt16
    /// Traffic class and flow label as the system passes them; 0 unless somebody sets them.
    public let flowInfo: UInt32

    /// The number of the interface, 0 for none (RFC 4007).
    public var scopeID: UInt32 { address.scopeID }

    /// An address and a port.
    public init(_ address: IPv6Address, port: UInt16, flowInfo: UInt32 = 0) {
        self.address = address
        self.port = port
        self.flowInfo = flowInfo
    }

    /// Reads `[v6]:port`, with the zone inside the brackets; the port is decimal without leading
    /// zeros.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var cursor = AddressCursor(text.utf8)
        try cursor.expect(UInt8(ascii: "["))
        address = try IPv6Address.read(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        port = try cursor.port()
        flowInfo = 0
    }

    /// Reads a socket address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? SocketAddressV6(parsing: description) else { return nil }
        self = address
    }

    /// `[v6]:port`, canonical; flow information has no text.
    public var description: String { "[\(address)]:\(port)" }

    /// By address, then by port, then by flow information.
    public static func < (left: SocketAddressV6, right: SocketAddressV6) -> Bool {
        (left.address, left.port, left.flowInfo) < (right.address, right.port, right.flowInfo)
    }
}
