/// How a ``Resolver`` uses its sockets.
public struct ResolverOptions: Sendable {
    /// How many UDP sockets per server are in use at once; each has a random port of its own.
    public var socketsPerServer = DNSSocketPool.usualSize
    /// After so many queries a socket is replaced by one on another port; nil: never.
    public var queriesPerSocket: Int? = DNSSocketPool.usualQueries
    /// After so long a socket is replaced; nil: never.
    public var socketLifetime: Duration? = .nanoseconds(Int64(DNSSocketPool.usualLifetime))
    /// How many streams (TCP, and what ``transport`` does) may be open at once; more wait.
    public var maximumStreams = 32
    /// For servers that are not spoken to in the clear; nil: they fail.
    public var transport: (any DNSTransport)?

    /// Sixteen sockets per server, each for 64 queries or ten seconds: who forges an answer has to
    /// guess port, id and case.
    public init(transport: (any DNSTransport)? = nil) {
        self.transport = transport
    }

    /// One port for ever: less to pay, and one guess less for who forges. For a server on this machine
    /// or behind a network that nobody else sends into.
    public static var onePort: ResolverOptions {
        var options = ResolverOptions()
        options.socketsPerServer = 1
        options.queriesPerSocket = nil
        options.socketLifetime = nil
        return options
    }

    var pool: DNSSocketPool {
        let lifetime = socketLifetime.map { max(.zero, $0).components }
        let nanoseconds = lifetime.map {
            UInt64($0.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        }
        let whole = nanoseconds.map { $0.overflow ? UInt64.max : $0.partialValue } ?? .max
        let part = UInt64((lifetime?.attoseconds ?? 0) / 1_000_000_000)
        let (sum, overflow) = whole.addingReportingOverflow(part)
        return DNSSocketPool(
            size: socketsPerServer, queries: queriesPerSocket ?? .max,
            lifetime: overflow ? .max : sum)
    }
}
