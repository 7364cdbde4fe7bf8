import CPosix
import Glibc

/// The machine's clocks.
public struct SystemClock: GuestClock {
    public init() {}

    public func realtime() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    public func monotonic() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    public var resolution: UInt64 { 1 }
}

/// Fills a part of a guest's memory with bytes of the kernel's generator; false when it fails.
func fillWithRandom(_ span: inout MutableRawSpan) -> Bool {
    unsafe span.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        return unsafe cposix_random(start, bytes.count) == 0
    }
}
