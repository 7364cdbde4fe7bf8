import SeliumTestSupport
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

/// The server's other clock, which stands still until a test moves it.
final class TestMoments: Sendable {
    private let clock = Mutex(ManualClock())
    var now: UInt64 { clock.withLock { $0.now } }
    func advance(by duration: Duration) { clock.withLock { $0.advance(by: duration) } }
}

enum WallTime {
    /// Seconds since 1970, by the machine's clock: certificates of these tests are made by it.
    static var now: Int64 { Int64(time(nil)) }
}
