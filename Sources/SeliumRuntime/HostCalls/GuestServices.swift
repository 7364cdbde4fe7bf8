public import SeliumABI
public import SeliumKernel
import SeliumWasm

/// Where a guest's stdout and stderr go. Called only in the guest's own turn.
public protocol GuestOutput: Sendable {
    /// Takes all of `bytes` (at most 1 MiB) or none of them; none means: wait until `onWritable`.
    func append(_ bytes: [UInt8], to stream: LogStream) -> Bool

    /// Whether it is worth trying now.
    var isWritable: Bool { get }

    /// Calls `resume` once, on any thread, when it is worth trying again; at once when it is so
    /// already. A new call replaces the one before: one guest waits for one thing.
    func onWritable(_ resume: @escaping @Sendable () -> Void)

    /// The guest's turn is over; what was gathered goes into the log.
    func turnEnded()
}

/// Where a guest's stdin comes from.
public protocol GuestInput: Sendable {
    /// At most `limit` bytes (at least 1 is asked for).
    func read(atMost limit: Int) -> InputBuffer.Reading

    /// Bytes a read would get now; nil when it would wait; 0 at the end.
    var readable: Int? { get }

    /// Calls `resume` once, on any thread, when a read would not wait; at once when it is so
    /// already. A new call replaces the one before.
    func onReadable(_ resume: @escaping @Sendable () -> Void)
}

/// What a process may do. Asked at every use.
public protocol GuestAuthority: Sendable {
    /// Whether `capability` is granted; when not, it has counted and recorded the denial.
    ///
    /// - Parameter resource: what for, as shown in the denial: an import's name, a path. Text from
    ///   the guest in it is raw.
    func permits(_ capability: Capability, for resource: @autoclosure () -> String) -> Bool
}

/// The clocks guests see.
public protocol GuestClock: Sendable {
    /// Nanoseconds since 1970.
    func realtime() -> Int64
    /// Nanoseconds of the clock that `GuestTimers` deadlines are given in.
    func monotonic() -> UInt64
    /// Resolution of both, nanoseconds.
    var resolution: UInt64 { get }
}

/// Wakes guests that sleep.
public protocol GuestTimers: Sendable {
    /// Calls `action` once when the monotonic clock shows `deadline` or more; the id is never 0.
    func schedule(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> UInt64
    /// Takes a timer back; nothing happens when it is over.
    func cancel(_ id: UInt64)
}

extension TimerService: GuestTimers {}
