internal import CPosix
internal import Glibc
internal import NIOCore

extension Socket {
    /// Reads into the buffer's end until there is something; 0 at the end of the stream.
    ///
    /// The buffer gets `room` when it has less; what it has is used up to `limit`.
    func read(
        into buffer: inout ByteBuffer, room: Int, atMost limit: Int, peeking: Bool = false,
        _ patience: Patience
    ) async throws(Failure) -> Int {
        try await perform(.reading, patience) { descriptor in
            Self.read(descriptor, into: &buffer, room: room, atMost: limit, peeking: peeking)
        }
    }

    /// One call of recv(2): the number of bytes or -errno.
    static func read(
        _ descriptor: Int32, into buffer: inout ByteBuffer, room: Int, atMost limit: Int,
        peeking: Bool
    ) -> Int64 {
        var result: Int64 = 0
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
            unsafe result = cposix_receive(
                descriptor, bytes.baseAddress, min(bytes.count, limit), peeking ? 1 : 0)
            return max(0, Int(result))
        }
        return result
    }

    /// One call of recv(2) into a span.
    static func read(
        _ descriptor: Int32, into span: inout MutableSpan<UInt8>, peeking: Bool
    ) -> Int64 {
        unsafe span.withUnsafeMutableBytes { bytes in
            unsafe cposix_receive(descriptor, bytes.baseAddress, bytes.count, peeking ? 1 : 0)
        }
    }

    /// One call of send(2) with what is readable; the reader index moves over what has gone.
    static func write(_ descriptor: Int32, from buffer: inout ByteBuffer) -> Int64 {
        let result = unsafe buffer.withUnsafeReadableBytes { bytes in
            unsafe cposix_send(descriptor, bytes.baseAddress, bytes.count)
        }
        if result > 0 { buffer.moveReaderIndex(forwardBy: Int(result)) }
        return result
    }

    /// One call of send(2) with a span.
    static func write(_ descriptor: Int32, from span: Span<UInt8>) -> Int64 {
        unsafe span.withUnsafeBytes { bytes in
            unsafe cposix_send(descriptor, bytes.baseAddress, bytes.count)
        }
    }

    /// Sends one datagram, to the fixed peer or to `address`.
    static func send(
        _ descriptor: Int32, _ buffer: ByteBuffer, to address: EndpointAddress?
    ) -> Int64 {
        unsafe buffer.withUnsafeReadableBytes { bytes in
            guard let address else {
                return unsafe cposix_send(descriptor, bytes.baseAddress, bytes.count)
            }
            var system = address.system
            return unsafe cposix_send_to(descriptor, bytes.baseAddress, bytes.count, &system)
        }
    }

    /// Receives one datagram into the buffer's end.
    static func receive(
        _ descriptor: Int32, into buffer: inout ByteBuffer, atMost limit: Int, peeking: Bool,
        from: inout EndpointAddress?, truncated: inout Bool
    ) -> Int64 {
        var result: Int64 = 0
        var address = cposix_address()
        var wasCut: Int32 = 0
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { bytes in
            unsafe result = cposix_receive_from(
                descriptor, bytes.baseAddress, min(bytes.count, limit), peeking ? 1 : 0, &address,
                &wasCut)
            return max(0, Int(result))
        }
        guard result >= 0 else { return result }
        from = address.endpoint
        truncated = wasCut != 0
        return result
    }
}

extension Socket {
    /// One call of accept4(2): the new descriptor or -errno.
    static func accept(_ descriptor: Int32, _ peer: inout EndpointAddress?) -> Int64 {
        var address = cposix_address()
        let result = unsafe cposix_accept(descriptor, &address)
        if result >= 0 { peer = address.endpoint }
        return Int64(result)
    }

    /// Whether a call would not block: 1 or -EAGAIN, or another -errno.
    static func readiness(_ descriptor: Int32, _ direction: Readiness.Direction) -> Int64 {
        let what = direction == .reading ? CPOSIX_READABLE : CPOSIX_WRITABLE
        let result = cposix_ready(descriptor, Int32(what))
        return result == 0 ? -Int64(EAGAIN) : Int64(result)
    }
}
