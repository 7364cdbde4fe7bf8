/// Where somebody wants to connect or bind: an address, or a name that the driver resolves first.
///
/// Texts that are addresses are addresses here, so that a literal never asks DNS.
public enum SocketTarget: Hashable, Sendable, CustomStringConvertible {
    case address(SocketAddress)
    case host(HostName, port: UInt16)

    /// A host and a port: an address literal (IPv6 with or without brackets) or a host name.
    public init(host: some StringProtocol, port: UInt16) throws(AddressError) {
        if host.utf8.first == UInt8(ascii: "[") {
            var cursor = AddressCursor(host.utf8)
            cursor.advance()
            let address = try IPv6Address.read(&cursor)
            try cursor.expect(UInt8(ascii: "]"))
            try cursor.expectEnd()
            self = .address(SocketAddress(address, port: port))
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            self = .address(SocketAddress(try IPv6Address(parsing: host), port: port))
        } else if let address = try? IPv4Address(parsing: host) {
            self = .address(SocketAddress(address, port: port))
        } else {
            self = .host(try HostName(parsing: host), port: port)
        }
    }

    /// Reads `host:port`, where the host is a name, a dotted quad or a bracketed IPv6 address. An
    /// IPv6 address without brackets is refused: its last group would be the port.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        if text.utf8.first == UInt8(ascii: "[") {
            self = .address(try SocketAddress(parsing: text))
            return
        }
        guard let colon = text.firstIndex(of: ":") else {
            throw AddressError(.badPort, at: text.utf8.count)
        }
        var cursor = AddressCursor(text.utf8[colon...])
        let port: UInt16
        do throws(AddressError) {
            port = try cursor.port()
        } catch {
            throw AddressError(
                error.code, at: text.utf8.distance(from: text.startIndex, to: colon) + error.offset)
        }
        try self.init(host: text[..<colon], port: port)
    }

    /// The port.
    public var port: UInt16 {
        switch self {
        case .address(let address): address.port
        case .host(_, let port): port
        }
    }

    /// `a.b.c.d:port`, `[v6]:port` or `name:port`.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .host(let name, let port): "\(name):\(port)"
        }
    }
}

/// What every connect and bind takes: whatever says where.
///
/// The five shapes: a socket address; a host text and a port (`.host("example.com", port: 443)`); an
/// address of one family or of either and a port (`.address(IPv4Address.loopback, port: 80)`); and a text
/// `host:port`. Resolving is for the driver, which does it through the authority it is bound to.
public protocol SocketTargetConvertible: Sendable {
    /// Where; throws when a text is neither an address nor a name with a port.
    func socketTarget() throws(AddressError) -> SocketTarget
}

extension SocketTarget: SocketTargetConvertible {
    /// Itself.
    public func socketTarget() -> SocketTarget { self }
}

extension SocketAddress: SocketTargetConvertible {
    /// The address.
    public func socketTarget() -> SocketTarget { .address(self) }
}

extension SocketAddressV4: SocketTargetConvertible {
    /// The address.
    public func socketTarget() -> SocketTarget { .address(SocketAddress(self)) }
}

extension SocketAddressV6: SocketTargetConvertible {
    /// The address.
    public func socketTarget() -> SocketTarget { .address(SocketAddress(self)) }
}

extension String: SocketTargetConvertible {
    /// The text as `host:port`.
    public func socketTarget() throws(AddressError) -> SocketTarget {
        try SocketTarget(parsing: self)
    }
}

extension Substring: SocketTargetConvertible {
    /// The text as `host:port`.
    public func socketTarget() throws(AddressError) -> SocketTarget {
        try SocketTarget(parsing: self)
    }
}

/// A host text and a port, read when it is used: the pair `("example.com", 443)`.
public struct HostAndPort: Hashable, Sendable, SocketTargetConvertible {
    /// A name or an address literal, not yet read.
    public let host: String
    /// The port.
    public let port: UInt16

    /// A pair of a host and a port.
    public init(_ host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// The address in the text, or the name to resolve.
    public func socketTarget() throws(AddressError) -> SocketTarget {
        try SocketTarget(host: host, port: port)
    }
}

extension SocketTargetConvertible where Self == HostAndPort {
    /// A name or an address literal, and a port.
    public static func host(_ host: String, port: UInt16) -> HostAndPort {
        HostAndPort(host, port: port)
    }
}

extension SocketTargetConvertible where Self == SocketAddress {
    /// An IPv4 address and a port.
    public static func address(_ address: IPv4Address, port: UInt16) -> SocketAddress {
        SocketAddress(address, port: port)
    }

    /// An IPv6 address and a port.
    public static func address(_ address: IPv6Address, port: UInt16) -> SocketAddress {
        SocketAddress(address, port: port)
    }

    /// An address of either family and a port.
    public static func address(_ address: IPAddress, port: UInt16) -> SocketAddress {
        SocketAddress(address, port: port)
    }
}
