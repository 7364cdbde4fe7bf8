import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The time of day that a test sets.
final class TestClock: Sendable {
    private let seconds = Mutex<Int64>(WallTime.now)
    var now: Int64 { seconds.withLock { $0 } }
    func advance(to new: Int64) { seconds.withLock { $0 = new } }
}

enum WallTime {
    /// Seconds since 1970, by the machine's clock: certificates of these tests are made by it.
    static var now: Int64 { Int64(time(nil)) }
}
