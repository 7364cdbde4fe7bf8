internal import CBoringTLS

/// Strong random bytes from the TLS engine's generator.
public struct SystemRandom: RandomNumberGenerator, Sendable {
    /// There is only one source; this is a handle to it.
    public init() {}

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        var value: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &value) { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe btls_random(base.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        return value
    }

    /// `count` random bytes; none when `count` is not positive.
    public func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe btls_random(base, count)
            initialized = count
        }
    }
}
