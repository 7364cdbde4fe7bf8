import SeliumKernel
public import SeliumProtocol

/// Who may call.
public enum CallerPolicy: Sendable, Hashable {
    /// A certificate names the caller: exactly one URI `selium://identity/NAME`.
    case certificates
    /// Nobody shows one; every caller is `anonymous` with the role `user`. For loopback only, which
    /// whoever configures this has checked.
    case anonymous
}

/// Every limit and interval of the control server, with its reason; what one caller may have is a quota
/// of the process world and stands with the others in `Limits`.
public struct ServerConfiguration: Sendable {
    public var callers: CallerPolicy = .certificates
    /// What `info` says about this server's version.
    public var version = "0.1.0"
    /// The limits of frames.
    public var wire = ProtocolConfiguration.standard

    /// Streams a client may have open on one connection.
    public var maximumStreams = Limits.streamsPerConnection
    /// Of these, how many may live as long as what they follow, so that a short call always finds a
    /// slot. The next is RESOURCE_EXHAUSTED before any effect.
    public var maximumLongLived = Limits.longLivedPerConnection
    /// Connections of one identity; the next is closed with code 5.
    public var maximumConnectionsPerIdentity = Limits.connectionsPerIdentity
    /// Requests of one identity at work; the next is RESOURCE_EXHAUSTED. Those that only wait for their
    /// reader or follow a process do not count.
    public var maximumRequestsPerIdentity = Limits.requestsPerIdentity
    /// Bytes that one identity may make us hold: unfinished frames, what was read and not taken yet,
    /// answers that wait for the window. Beyond it reading and following wait, and further requests
    /// are RESOURCE_EXHAUSTED.
    public var maximumBufferedPerIdentity = Limits.bufferedPerIdentity
    /// Bytes of an answer that may wait for one stream's window and acknowledgements.
    public var streamBuffer = 256 << 10
    /// Bytes written to a connection after which what it still holds is looked at again.
    public var bufferSample = 1 << 20
    /// Requests a second that a `user` gets at once; beyond it the next is read later.
    public var requestsPerSecond = Limits.requestsPerSecond
    /// How many requests a `user` may send in one go.
    public var requestBurst = Limits.requestBurst
    /// Bytes of frames longer than the usual 64 KiB that one connection may have unfinished.
    public var largeFrameBytes = 16 << 20

    /// How long a stream may take to say what it wants.
    public var firstFrameTimeout = Duration.seconds(5)
    /// After so long without a frame a request at work sends `progress`; the promise is a second.
    public var progressInterval = Duration.milliseconds(700)
    /// After so long without a frame a request that follows something sends `progress`, which is how
    /// the server hears that nobody reads any more.
    public var silenceInterval = Duration.seconds(5)
    /// How long an answer may wait for its reader, unless it follows a process.
    public var stallTimeout = Duration.seconds(30)
    /// How long an upload may stand still: the server waits for bytes of the module, and none come.
    public var uploadStall = Duration.seconds(30)
    /// How often deadlines, progress and certificates are looked at.
    public var tickInterval = Duration.milliseconds(200)
    /// How long a graceful shutdown waits for requests that are under way. Longer than programs have
    /// to finish (`Limits.drainGrace`), so that those who follow one see its end.
    public var shutdownGrace = Duration.seconds(13)

    /// Bytes of rows in one frame of a list: far below the limit of a frame, whatever the estimate of
    /// a row's length misses.
    public var listFrame = 256 << 10
    /// Bytes of log read from the host in one go.
    public var logRead = 128 << 10

    /// Seconds since 1970: what certificates are compared with. Replaced in tests.
    public var unixTime: @Sendable () -> Int64 = { WallClock.seconds }

    /// Nanoseconds of a clock that never goes back: what deadlines are measured with. Replaced in
    /// tests.
    public var monotonicTime: @Sendable () -> UInt64 = { MonotonicClock.nanoseconds }

    /// The published limits.
    public init() {}
}
