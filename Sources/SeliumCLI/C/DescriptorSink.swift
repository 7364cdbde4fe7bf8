internal import Glibc
internal import Synchronization

/// Somewhere a command writes to.
protocol OutputSink: Sendable {
    /// Writes everything; throws when nobody reads any more, or the task was cancelled.
    func write(_ bytes: [UInt8]) async throws(ClosedOutput)
    /// Writes some time soon, in order with the others; nobody hears whether it worked. A sink may
    /// leave out what comes faster than it is read, and says so in a message of its own, as a JSON
    /// line where this one is `asJSON`.
    func post(_ bytes: [UInt8], asJSON: Bool)
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

extension OutputSink {
    /// The same for a message that is no JSON.
    func post(_ bytes: [UInt8]) { post(bytes, asJSON: false) }
}

/// A file descriptor as a sink.
final class DescriptorSink: OutputSink {
    /// Posted bytes that may wait for somebody to read; what comes beyond is left out and counted.
    static let maximumPosted = 1 << 20

    /// What was posted and is not written yet, and what was left out since the last message of it.
    private struct Posted {
        var bytes = 0
        var messages = 0
        var lostMessages = 0
        var lostBytes = 0
    }

    private let descriptor: Int32
    private let queue: BlockingQueue
    private let posted = Mutex(Posted())

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

    func post(_ bytes: [UInt8], asJSON: Bool) {
        let isTaken = posted.withLock { posted in
            guard posted.bytes + bytes.count <= Self.maximumPosted else {
                posted.lostMessages += 1
                posted.lostBytes += bytes.count
                return false
            }
            posted.bytes += bytes.count
            posted.messages += 1
            return true
        }
        guard isTaken else { return }
        queue.post { [self] in
            _ = Self.writeAll(bytes, descriptor)
            let (messages, lost) = posted.withLock { posted in
                posted.bytes -= bytes.count
                posted.messages -= 1
                defer { (posted.lostMessages, posted.lostBytes) = (0, 0) }
                return (posted.lostMessages, posted.lostBytes)
            }
            guard messages > 0 else { return }
            _ = Self.writeAll(Self.leftOut(messages, lost, asJSON), descriptor)
        }
    }

    func drain() async {
        // As a rule there is nothing, and no reason to wake another thread for that.
        guard posted.withLock({ $0.messages > 0 }) else { return }
        await queue.run(cancelled: ()) {}
    }

    private static func leftOut(_ messages: Int, _ bytes: Int, _ asJSON: Bool) -> [UInt8] {
        let text =
            "left out \(messages) messages (\(bytes) bytes) that came faster than they were read"
        guard asJSON else { return Array("selium: \(text)\n".utf8) }
        let line = JSONValue.object([
            .init("level", .string("warning")), .init("message", .string(text)),
        ]).line
        return Array(line.utf8)
    }

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
