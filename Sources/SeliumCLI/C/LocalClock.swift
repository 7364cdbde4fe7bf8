internal import Glibc

/// The clock on the wall.
enum LocalClock {
    /// Nanoseconds since 1970.
    static func nanoseconds() -> Int64 {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
