/// Every limit and interval of an endpoint and its connections, with units and reasons.
///
/// One value serves both sides; what only a server needs is ignored by a client.
public struct QUICConfiguration: Hashable, Sendable {
    // MARK: Time

    /// Silence after which a connection is given up (RFC 9000 §10.1); the smaller of both sides'
    /// values counts. 30 s: longer than any NAT forgets UDP, short enough to notice a dead peer.
    public var idleTimeout: Duration = .seconds(30)
    /// Silence after which a PING is sent so that the idle timeout does not strike; nil sends none.
    /// Only one side needs it: clients set it, servers do not.
    public var keepAliveInterval: Duration?
    /// From the first packet to the completed handshake. 5 s: a half-open connection costs 30 kB.
    public var handshakeTimeout: Duration = .seconds(5)

    // MARK: One connection

    /// Bidirectional streams the other side may have open at once.
    public var maximumRemoteStreams: Int = 100
    /// Unidirectional streams the other side may ever open. None: remote ones do not close in ngtcp2
    /// 0.12. Only a protocol whose few live as long as the connection (HTTP/3) may allow some.
    public var maximumRemoteUnidirectionalStreams: Int = 0
    /// First receive window of a stream, bytes. 64 KiB holds every control frame there is.
    public var streamWindow: Int = 64 << 10
    /// What a stream's window may grow to when it carries bulk, bytes.
    public var maximumStreamWindow: Int = 1 << 20
    /// The sum of all stream windows of a connection, bytes: the bound on what one peer can make us
    /// hold. Also the connection's flow-control window.
    public var connectionWindow: Int = 16 << 20
    /// Bytes of one stream that are sent, or waiting to be sent, and not yet acknowledged. 256 KiB
    /// fill a 10 Gbit/s path of 0.2 ms; a write beyond waits.
    public var maximumUnacknowledged: Int = 256 << 10
    /// Frames a second of each cheap kind (RESET_STREAM and STOP_SENDING; PATH_CHALLENGE;
    /// NEW_ and RETIRE_CONNECTION_ID; PING), beyond which the connection is closed. A server's
    /// defence: a client chose its server, which may well stop a thousand streams a second that it
    /// has answered before they were finished.
    public var controlFramesPerSecond: Int = 1_000
    /// Application code of that close: `malformed` in the control protocol's numbers.
    public var floodCloseCode: UInt64 = 2

    // MARK: One endpoint

    /// Connections in all. Beyond it new ones are refused with CONNECTION_REFUSED.
    public var maximumConnections: Int = 10_000
    /// Connections of one address (an IPv6 /64 counts as one).
    public var maximumConnectionsPerAddress: Int = 256
    /// Connections whose handshake is not complete. Beyond it Initials are dropped.
    public var maximumHalfOpen: Int = 1_000
    /// Half-open connections from which on addresses are validated with Retry first.
    public var retryThreshold: Int = 100
    /// Handshakes a second and address (an IPv6 /64 counts as one). Beyond it Initials are answered
    /// with Retry, and those that come back validated are dropped.
    public var handshakesPerSecond: Int = 1_000
    /// How many handshakes of one address may come at once.
    public var handshakeBurst: Int = 2_000
    /// Packets a second that are sent without a connection: version negotiation, stateless resets,
    /// refusals. Retry is not among them: it is never longer than what it answers.
    public var statelessPacketsPerSecond: Int = 500
    /// How long a Retry token is good for.
    public var retryTokenLifetime: Duration = .seconds(10)
    /// Whether a server gives each client a token with which its next connection proves its address
    /// (RFC 9000 §8.1.3), and takes it where it would ask for a Retry. Off unless somebody says so.
    public var issuesAddressTokens = false
    /// How long such a token is good for. 24 h: who comes daily is spared the round trip, and hardly
    /// any address has another owner by then.
    public var addressTokenLifetime: Duration = .seconds(86_400)
    /// Completed connections that nobody has accepted yet. Beyond it new ones are refused.
    public var acceptBacklog: Int = 1_024

    /// All defaults.
    public init() {}

    /// The defaults for a client: keep-alive every 10 s, no streams from the server, no limit on its
    /// control frames.
    public static var client: QUICConfiguration {
        var configuration = QUICConfiguration()
        configuration.keepAliveInterval = .seconds(10)
        configuration.maximumRemoteStreams = 0
        configuration.controlFramesPerSecond = .max
        return configuration
    }

    /// The defaults for a server.
    public static var server: QUICConfiguration { QUICConfiguration() }
}

extension Duration {
    /// Whole nanoseconds, never negative; capped far above any interval that makes sense.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let capped = UInt64(min(seconds, 1 << 30))
        return capped * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
