internal import Glibc

/// Where a command reads what it passes on.
protocol InputSource: Sendable {
    /// The next bytes, empty at the end and when the task was cancelled.
    func read() async -> [UInt8]
}

/// The command's own stdin.
final class StandardInput: InputSource {
    /// Bytes of one read.
    private static let chunk = 64 * 1024

    private let queue = BlockingQueue("selium.input")

    func read() async -> [UInt8] {
        await queue.run(cancelled: []) { Self.readChunk() }
    }

    private static func readChunk() -> [UInt8] {
        while true {
            var count = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, initialized in
                count = unsafe Glibc.read(STDIN_FILENO, buffer.baseAddress, chunk)
                initialized = max(count, 0)
            }
            if count >= 0 { return bytes }
            if errno == EAGAIN {
                var wanted = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return []
            }
        }
    }
}
