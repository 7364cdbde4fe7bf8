internal import CNGTCP2

extension PacketMachine {
    // MARK: Closing

    /// The packet that says farewell; empty when there is nothing to say or nobody to hear it.
    func writeClose(_ farewell: CoreConnection.Farewell, now: UInt64) -> [UInt8] {
        var error = unsafe ngtcp2_connection_close_error()
        unsafe ngtcp2_connection_close_error_default(&error)
        switch farewell {
        case .nothing, .draining:
            return []
        case .application(let code, let reason):
            var text = Array(reason.utf8.prefix(256))
            return unsafe text.withUnsafeMutableBufferPointer { text in
                unsafe ngtcp2_connection_close_error_set_application_error(
                    &error, Self.varint(code), text.baseAddress, text.count)
                return unsafe writeClose(&error, now: now)
            }
        case .transport(let code):
            unsafe ngtcp2_connection_close_error_set_transport_error(
                &error, Self.varint(code), nil, 0)
        case .library(let code):
            unsafe ngtcp2_connection_close_error_set_transport_error_liberr(&error, code, nil, 0)
        case .alert(let alert):
            unsafe ngtcp2_connection_close_error_set_transport_error_tls_alert(
                &error, alert, nil, 0)
        }
        return unsafe writeClose(&error, now: now)
    }

    private func writeClose(
        _ error: UnsafeMutablePointer<ngtcp2_connection_close_error>, now: UInt64
    ) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Self.largestDatagram) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            var info = ngtcp2_pkt_info()
            let length = unsafe ngtcp2_conn_write_connection_close_versioned(
                connection, nil, NGTCP2_PKT_INFO_VERSION_V1, &info, base, buffer.count, error, now)
            initialized = max(0, length)
        }
    }

    // MARK: Writing

    /// What one attempt to make a packet gave.
    enum Written {
        /// Nothing to say, or not now (congestion, pacing, amplification limit).
        case nothing
        case packet(length: Int, ecn: ECN)
        /// The connection cannot go on: an ngtcp2 error.
        case failed(Int32)
    }

    /// Makes one packet, filled from as many streams as fit, each having its turn.
    func write(
        into target: UnsafeMutableRawBufferPointer, for owner: CoreConnection, now: UInt64
    ) -> Written {
        guard let base = target.baseAddress else { return .nothing }
        let bytes = unsafe base.assumingMemoryBound(to: UInt8.self)
        var info = ngtcp2_pkt_info()
        // Each turn consumes from a stream, or takes one off the queue: more turns than that many
        // would be a fault.
        for _ in 0..<Self.maximumTurns {
            let stream = owner.nextToSend()
            let (length, taken) = unsafe writeOnce(bytes, target.count, stream, &info, now)
            if let stream, taken >= 0 { owner.sent(taken, of: stream) }
            switch Int32(truncatingIfNeeded: length) {
            case _ where length > 0:
                return .packet(
                    length: length, ecn: ECN(rawValue: UInt8(info.ecn & 3)) ?? .notCapable)
            case 0:
                // A stream that the *connection's* window holds up keeps its place: the next packet
                // that comes may bring credit, and it is tried again then.
                return .nothing
            case NGTCP2_ERR_WRITE_MORE:
                continue
            case NGTCP2_ERR_STREAM_DATA_BLOCKED:
                // Said of the stream's own window only.
                if stream != nil { owner.blocked() }
            case NGTCP2_ERR_STREAM_SHUT_WR, NGTCP2_ERR_STREAM_NOT_FOUND:
                if let stream { owner.cannotSend(stream) }
            case let error:
                return .failed(error)
            }
        }
        // A packet that was begun must be finished before anything else is done.
        let (length, _) = unsafe writeOnce(bytes, target.count, nil, &info, now)
        if length > 0 {
            return .packet(length: length, ecn: ECN(rawValue: UInt8(info.ecn & 3)) ?? .notCapable)
        }
        return length == 0 ? .nothing : .failed(Int32(truncatingIfNeeded: length))
    }

    private static let maximumTurns = 256

    private func writeOnce(
        _ bytes: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ stream: CoreStream?,
        _ info: inout ngtcp2_pkt_info, _ now: UInt64
    ) -> (length: Int, taken: Int) {
        guard let stream else {
            let length = unsafe ngtcp2_conn_writev_stream_versioned(
                connection, &writePath.pointee.path, NGTCP2_PKT_INFO_VERSION_V1, &info, bytes,
                capacity, nil, NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nil, 0, now)
            return (length, -1)
        }
        return unsafe withUnsafeTemporaryAllocation(of: ngtcp2_vec.self, capacity: 4) { vectors in
            let (count, total) = unsafe stream.outbox.gather(into: vectors)
            let isLast = stream.sending == .finishing && total == stream.outbox.unsentCount
            let flags =
                NGTCP2_WRITE_STREAM_FLAG_MORE | (isLast ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0)
            var taken = -1
            let length = unsafe ngtcp2_conn_writev_stream_versioned(
                connection, &writePath.pointee.path, NGTCP2_PKT_INFO_VERSION_V1, &info, bytes,
                capacity, &taken, flags, Int64(stream.id), vectors.baseAddress, count, now)
            return (length, taken)
        }
    }

    /// Whether the packet made last goes where `path` says; else where it goes (path validation).
    func writtenPath(expecting path: NetworkPath) -> NetworkPath {
        guard let local = unsafe SocketAddress(writePath.pointee.path.local),
            let remote = unsafe SocketAddress(writePath.pointee.path.remote)
        else { return path }
        return NetworkPath(local: local, remote: remote)
    }

    /// How many bytes the congestion controller likes to see in one go.
    var sendQuantum: Int { unsafe ngtcp2_conn_get_send_quantum(connection) }

    /// A burst was made: the next one is paced. Never before the handshake is complete: without a
    /// sample of the round-trip time ngtcp2 would hold back the client's last flight for 22 ms.
    func paced(now: UInt64) {
        unsafe ngtcp2_conn_update_pkt_tx_time(connection, now)
    }
}
