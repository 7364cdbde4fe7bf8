/// Any address a stream or datagram socket can have: of the internet families or of this machine.
public enum EndpointAddress: Hashable, Sendable, LosslessStringConvertible {
    case ip(SocketAddress)
    case unix(UnixAddress)

    /// Reads `unix:` and a path or `@name`, else what ``SocketAddress`` reads.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        let scheme = "unix:"
        guard text.utf8.starts(with: scheme.utf8) else {
            self = .ip(try SocketAddress(parsing: text))
            return
        }
        do throws(AddressError) {
            // By bytes: a combining mark behind the colon would be one character with it.
            let rest = String(decoding: text.utf8.dropFirst(scheme.utf8.count), as: UTF8.self)
            self = .unix(try UnixAddress(parsing: rest))
        } catch {
            throw AddressError(error.code, at: scheme.utf8.count + error.offset)
        }
    }

    /// Reads an address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? EndpointAddress(parsing: description) else { return nil }
        self = address
    }

    /// `a.b.c.d:port`, `[v6]:port`, `unix:/path` or `unix:@name`.
    public var description: String {
        switch self {
        case .ip(let address): address.description
        case .unix(let address): "unix:\(address)"
        }
    }

    /// The internet address, nil for a Unix socket.
    public var socketAddress: SocketAddress? {
        guard case .ip(let address) = self else { return nil }
        return address
    }

    /// The Unix address, nil for an internet socket.
    public var unixAddress: UnixAddress? {
        guard case .unix(let address) = self else { return nil }
        return address
    }
}
