internal import Glibc

/// The clock on the wall.
enum WallClock {
    /// Seconds since 1970.
    @Sendable static func seconds() -> Int64 { Int64(time(nil)) }
}
