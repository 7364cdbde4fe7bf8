internal import Glibc

/// Somewhere a command writes to.
protocol OutputSink: Sendable {
    /// Writes everything; throws when nobody reads any more, or the task was cancelled.
    func write(_ bytes: [UInt8]) async throws(ClosedOutput)
    /// Writes some time soon, in order with the others; nobody hears whether it worked.
    func post(_ bytes: [UInt8])
    /// Waits until what was posted is written.
    func drain() async
}

/// What is written goes nowhere: nobody reads it any more, or it cannot be stored.
struct ClosedOutput: Error, Hashable {
    /// Why; EPIPE when the reader is gone.
    var errno: Int32 = EPIPE

    /// The reader went away, as `| head` does: no reason for words.
    var isQuiet: Bool { errno == EPIPE || errno == EBADF }

    /// What people read when it is not.
    var message: String {
        unsafe "cannot write the output: \(String(cString: strerror(errno)))"
    }
}

/// A file descriptor as a sink.
final class DescriptorSink: OutputSink {
    private let descriptor: Int32
    private let queue: BlockingQueue

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        queue = BlockingQueue("selium.output.\(descriptor)")
    }

    func write(_ bytes: [UInt8]) async throws(ClosedOutput) {
        guard !bytes.isEmpty else { return }
        let descriptor = descriptor
        let failure = await queue.run(cancelled: EPIPE, { Self.writeAll(bytes, descriptor) })
        guard failure == 0 else { throw ClosedOutput(errno: failure) }
    }

    func post(_ bytes: [UInt8]) {
        let descriptor = descriptor
        queue.post { _ = Self.writeAll(bytes, descriptor) }
    }

    func drain() async { await queue.run(cancelled: ()) {} }

    /// 0, or the errno of what went wrong.
    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Int32 {
        unsafe bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = unsafe Glibc.write(
                    descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count >= 0 {
                    offset += count
                } else if errno == EAGAIN {
                    // The descriptor is somebody else's too and may have been made non-blocking.
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = unsafe poll(&wanted, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
