/// What is said once about `selium/1` and holds for both sides.
public enum ControlProtocol {
    /// The ALPN identifier; a peer that does not offer exactly this is refused by the handshake.
    public static let alpn = "selium/1"
    /// Where a server listens if nobody says otherwise.
    public static let defaultPort: UInt16 = 7000
    /// Milliseconds to the first frame of an answer when a request names none.
    public static let defaultDeadlineMilliseconds: UInt32 = 10_000
    /// The longest deadline a request may name: one hour, in milliseconds.
    public static let maximumDeadlineMilliseconds: UInt32 = 3_600_000
}

/// Every limit of the wire, with its unit. Both sides check with the same numbers.
public struct ProtocolConfiguration: Sendable, Hashable {
    /// Bytes of a stream's first frame: a request holds names and numbers, never bulk.
    public var maximumFirstFrame = 64 * 1024
    /// Bytes of every later frame, and of every frame a server sends.
    public var maximumFrame = 1024 * 1024
    /// Bytes of our own bulk frames (log, upload, input): small enough to share a connection.
    public var bulkFrame = 64 * 1024
    /// How deep messages may nest.
    public var maximumDepth = 16
    /// Grants of one start.
    public var maximumGrants = 256
    /// Typed arguments of one start, and results.
    public var maximumArguments = 64
    /// Entries of one start's argv.
    public var maximumArgv = 1_024
    /// Environment variables of one start.
    public var maximumEnvironment = 256
    /// Process references of one list.
    public var maximumReferences = 1_024
    /// Bytes of a request id.
    public var maximumRequestID = 32
    /// Bytes of an idempotency key.
    public var idempotencyKey = 16...64

    /// The limits as published in docs/control-protocol.md.
    public init() {}

    /// The limits as published in docs/control-protocol.md.
    public static let standard = ProtocolConfiguration()
}
