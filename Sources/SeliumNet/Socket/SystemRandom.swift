internal import CPosix

/// The kernel's generator, many numbers at a time: a system call for each would cost more than the
/// query that needs it.
struct SystemRandom: RandomNumberGenerator {
    private static let capacity = 64
    private var words: [UInt64] = []

    mutating func next() -> UInt64 {
        if let word = words.popLast() { return word }
        words = [UInt64](repeating: 0, count: Self.capacity)
        let result = unsafe words.withUnsafeMutableBytes { bytes in
            unsafe cposix_random(bytes.baseAddress, bytes.count)
        }
        // Without randomness answers could be forged: there is no going on.
        precondition(result == 0, "the kernel has no random numbers")
        return words.removeLast()
    }
}
