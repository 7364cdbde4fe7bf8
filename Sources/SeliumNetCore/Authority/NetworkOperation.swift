/// What a program may want to do with the network. Each asks ``NetworkAuthority`` first.
public enum NetworkOperation: String, Hashable, Sendable, CaseIterable {
    /// Takes a local address and port.
    case bind
    /// Starts to wait for peers on a bound endpoint.
    case listen
    /// Takes one peer; the target is the peer's address.
    case accept
    /// Opens a connection, or fixes the peer of a datagram socket.
    case connect
    /// Asks for the addresses of a name.
    case resolve
    /// Sends one datagram to an address.
    case sendTo
    /// Joins a multicast group; the target is the group.
    case joinMulticast
    /// Follows a redirect, an Alt-Svc or an SVCB target to another place.
    case redirect
    /// Goes through a proxy; asked for each hop.
    case proxy
    /// Takes over a descriptor that somebody else opened.
    case adopt
}

/// How a target is reached.
public enum NetworkTransport: String, Hashable, Sendable, CaseIterable {
    case tcp, udp, quic, unix
}

/// What an operation is about.
public enum NetworkTarget: Hashable, Sendable, CustomStringConvertible {
    /// An address and a port over a transport.
    case socket(NetworkTransport, SocketAddress)
    /// A host name, as it is asked for; for ``NetworkOperation/resolve``.
    case name(String)
    /// The path of a Unix socket.
    case path(String)

    /// The target for messages. Names and paths may come from outside: whoever shows this on a
    /// terminal escapes it.
    public var description: String {
        switch self {
        case .socket(let transport, let address): "\(transport.rawValue) \(address)"
        case .name(let name): name
        case .path(let path): path
        }
    }
}
