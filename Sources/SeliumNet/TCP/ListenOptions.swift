/// How a listener waits for connections.
public struct ListenOptions: Hashable, Sendable {
    /// Connections that the kernel keeps for a listener that does not accept; more are left to try
    /// again. The system has a limit of its own (net.core.somaxconn).
    public var backlog: Int
    /// Whether other sockets, of the same user, may listen on the same address: the kernel deals the
    /// connections out among them (SO_REUSEPORT).
    public var reusePort: Bool
    /// Whether a listener on an IPv6 address refuses IPv4. Off: `[::]` means both families.
    public var onlyV6: Bool

    /// A listener that is alone on its address.
    public init(backlog: Int = 1_024, reusePort: Bool = false, onlyV6: Bool = false) {
        self.backlog = backlog
        self.reusePort = reusePort
        self.onlyV6 = onlyV6
    }
}
