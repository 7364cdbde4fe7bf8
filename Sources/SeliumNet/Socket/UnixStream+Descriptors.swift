internal import CPosix
internal import Glibc
public import NIOCore

extension UnixStream {
    /// The most descriptors that one message carries (SCM_MAX_FD).
    public static let maximumDescriptors = Int(CPOSIX_MAX_DESCRIPTORS)

    /// Sends descriptors with what is readable in the buffer (SCM_RIGHTS). They arrive with its first
    /// byte, as descriptors of their own for the same open files; the sender's stay open.
    ///
    /// - Parameters:
    ///   - descriptors: 1 to 253.
    ///   - buffer: at least one byte; all of it is written.
    ///   - duration: how long it may take in all; nil takes ``SocketStream/writeTimeout``.
    ///   - shutdown: ends the wait when it fires.
    /// - Throws: as a write. While the reader index has not moved no descriptor has gone; else all have.
    public func send(
        _ descriptors: [Int32], with buffer: inout ByteBuffer, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        guard (1...Self.maximumDescriptors).contains(descriptors.count), buffer.readableBytes > 0
        else {
            throw NetError(
                .invalidArgument, doing: .passDescriptors,
                detail: "1 to \(Self.maximumDescriptors) descriptors go with at least one byte")
        }
        try socket.claim(.writing, .passDescriptors)
        let patience = Patience(duration ?? socket.writeTimeout, shutdown)
        do throws(Failure) {
            defer { socket.release(.writing) }
            let sent = try await socket.socket.perform(.writing, patience) {
                Self.send($0, descriptors, with: buffer)
            }
            buffer.moveReaderIndex(forwardBy: sent)
            while buffer.readableBytes > 0 {
                _ = try await socket.socket.perform(.writing, patience) { descriptor in
                    Socket.write(descriptor, from: &buffer)
                }
            }
        } catch {
            throw socket.error(error, .passDescriptors)
        }
    }

    /// Reads bytes and the descriptors that came with them, close-on-exec.
    ///
    /// A read that is not this one throws descriptors away. Bytes with descriptors are never joined
    /// with those of another message that has some.
    ///
    /// - Parameters:
    ///   - buffer: the bytes come behind what is readable in it.
    ///   - limit: how many bytes at most, at least 1; so much room the buffer gets.
    ///   - maximum: how many descriptors are taken, 0 to 253.
    ///   - duration: how long to wait; nil takes ``SocketStream/readTimeout``.
    ///   - shutdown: ends the wait when it fires.
    /// - Returns: the number of bytes, 0 when the peer has finished, and the descriptors.
    /// - Throws: as a read; `.truncated` when more descriptors came than `maximum`, or than this process
    ///   may have: all of them are closed, and the bytes are lost.
    public func receiveDescriptors(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536,
        maximum: Int = UnixStream.maximumDescriptors, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> (count: Int, descriptors: [OwnedDescriptor]) {
        try socket.claim(.reading, .receiveDescriptors)
        defer { socket.release(.reading) }
        let maximum = min(max(maximum, 0), Self.maximumDescriptors)
        var received: [Int32] = []
        do throws(Failure) {
            let count = try await socket.socket.perform(
                .reading, Patience(duration ?? socket.readTimeout, shutdown)
            ) {
                Self.receive($0, into: &buffer, max(limit, 1), &received, maximum)
            }
            return (count, received.map { OwnedDescriptor(owning: $0) })
        } catch {
            throw socket.error(error, .receiveDescriptors)
        }
    }

    private static func send(
        _ socket: Int32, _ descriptors: [Int32], with buffer: ByteBuffer
    ) -> Int64 {
        unsafe buffer.withUnsafeReadableBytes { bytes in
            unsafe descriptors.withUnsafeBufferPointer { descriptors in
                unsafe cposix_send_descriptors(
                    socket, bytes.baseAddress, bytes.count, descriptors.baseAddress,
                    descriptors.count)
            }
        }
    }

    private static func receive(
        _ socket: Int32, into buffer: inout ByteBuffer, _ limit: Int, _ received: inout [Int32],
        _ maximum: Int
    ) -> Int64 {
        var result: Int64 = 0
        var number = 0
        var found = [Int32](repeating: -1, count: maximumDescriptors)
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { bytes in
            unsafe result = found.withUnsafeMutableBufferPointer { found in
                unsafe cposix_receive_descriptors(
                    socket, bytes.baseAddress, min(bytes.count, limit), found.baseAddress, maximum,
                    &number)
            }
            return max(0, Int(result))
        }
        received = Array(found.prefix(number))
        return result
    }
}

extension Socket {
    /// Two connected Unix sockets.
    static func pair(kind: Int) throws(Failure) -> (Socket, Socket) {
        var ends: [Int32] = [-1, -1]
        let result = unsafe ends.withUnsafeMutableBufferPointer {
            unsafe cposix_socket_pair(Int32(kind), $0.baseAddress)
        }
        try Call.checked(result)
        let one: Socket
        do throws(Failure) {
            one = try owning(ends[0])
        } catch {
            _ = cposix_close(ends[1])
            throw error
        }
        return (one, try owning(ends[1]))
    }
}
