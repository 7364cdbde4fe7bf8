internal import CNGTCP2
internal import CQUICTLS

/// The owner of one `ngtcp2_conn` and of the TLS session it drives.
///
/// Everything here happens with the library at rest: `CoreConnection` calls in, and only the thunks
/// of `Callbacks.swift` are called back. Freed by letting go of it, never from inside a callback.
@safe final class PacketMachine {
    let connection: OpaquePointer
    let session: TLSSession
    /// Frames that ngtcp2 announces to nobody.
    private let watch: UnsafeMutablePointer<quicwatch>
    private let readPath: PathStorage
    /// Where ngtcp2 writes the path of a packet it made.
    private let writePath: UnsafeMutablePointer<ngtcp2_path_storage>

    /// Takes a made connection; `session` is already attached to it.
    private init(connection: OpaquePointer, session: TLSSession, path: NetworkPath) {
        unsafe self.connection = connection
        self.session = session
        unsafe self.watch = .allocate(capacity: 1)
        unsafe self.watch.initialize(to: quicwatch())
        self.readPath = PathStorage(path)
        unsafe self.writePath = .allocate(capacity: 1)
        unsafe self.writePath.initialize(to: ngtcp2_path_storage())
        unsafe ngtcp2_path_storage_zero(self.writePath)
    }

    deinit {
        // ngtcp2 hands its keys back to the session while it is freed: the session goes after it.
        unsafe ngtcp2_conn_del(connection)
        unsafe watch.deallocate()
        unsafe writePath.deallocate()
    }

    // MARK: Making one

    /// The connecting side. Nil only when memory is out.
    static func client(
        for owner: CoreConnection, session: TLSSession, destination: ConnectionID,
        source: ConnectionID, now: UInt64
    ) -> PacketMachine? {
        let (settings, parameters) = unsafe Self.parameters(of: owner, now: now)
        var input = unsafe Input(settings: settings, parameters: parameters, callbacks: Callbacks.make())
        var destination = destination.ngtcp2
        var source = source.ngtcp2
        let path = PathStorage(owner.path)
        var native = unsafe path.ngtcp2
        var made: OpaquePointer?
        let result = unsafe ngtcp2_conn_client_new_versioned(
            &made, &destination, &source, &native, UInt32(NGTCP2_PROTO_VER_V1),
            NGTCP2_CALLBACKS_VERSION_V1, &input.callbacks, NGTCP2_SETTINGS_VERSION_V1,
            &input.settings, NGTCP2_TRANSPORT_PARAMS_VERSION_V1, &input.parameters, nil,
            Unmanaged.passUnretained(owner).toOpaque())
        guard result == 0, let made = unsafe made else { return nil }
        unsafe quictls_attach(made, session.handle)
        if let interval = owner.configuration.keepAliveInterval?.nanoseconds {
            unsafe ngtcp2_conn_set_keep_alive_timeout(made, interval)
        }
        return unsafe PacketMachine(connection: made, session: session, path: owner.path)
    }

    /// The accepting side, for a client's first packet. `original` and `retried` are what the
    /// transport parameters must repeat (RFC 9000 §7.3).
    static func server(
        for owner: CoreConnection, session: TLSSession, header: InitialHeader,
        source: ConnectionID, original: ConnectionID, wasRetried: Bool, resetToken: [UInt8],
        now: UInt64
    ) -> PacketMachine? {
        var (settings, parameters) = unsafe Self.parameters(of: owner, now: now)
        unsafe parameters.original_dcid = original.ngtcp2
        if wasRetried {
            unsafe parameters.retry_scid = header.destination.ngtcp2
            unsafe parameters.retry_scid_present = 1
        }
        unsafe parameters.stateless_reset_token_present = 1
        unsafe withUnsafeMutableBytes(of: &parameters.stateless_reset_token) { target in
            unsafe target.copyBytes(from: resetToken.prefix(target.count))
        }
        var token = wasRetried ? header.token : []
        return unsafe token.withUnsafeMutableBufferPointer { token in
            // Only a token that was judged: with one, ngtcp2 takes the address for validated.
            unsafe settings.token = ngtcp2_vec(base: token.baseAddress, len: token.count)
            if token.isEmpty { unsafe settings.token = ngtcp2_vec(base: nil, len: 0) }
            var input = unsafe Input(
                settings: settings, parameters: parameters, callbacks: Callbacks.make())
            var destination = header.source.ngtcp2
            var source = source.ngtcp2
            let path = PathStorage(owner.path)
            var native = unsafe path.ngtcp2
            var made: OpaquePointer?
            let result = unsafe ngtcp2_conn_server_new_versioned(
                &made, &destination, &source, &native, header.version,
                NGTCP2_CALLBACKS_VERSION_V1, &input.callbacks, NGTCP2_SETTINGS_VERSION_V1,
                &input.settings, NGTCP2_TRANSPORT_PARAMS_VERSION_V1, &input.parameters, nil,
                Unmanaged.passUnretained(owner).toOpaque())
            guard result == 0, let made = unsafe made else { return nil }
            unsafe quictls_attach(made, session.handle)
            return unsafe PacketMachine(connection: made, session: session, path: owner.path)
        }
    }

    @unsafe private struct Input {
        var settings: ngtcp2_settings
        var parameters: ngtcp2_transport_params
        var callbacks: ngtcp2_callbacks
    }

    private static func parameters(
        of owner: CoreConnection, now: UInt64
    ) -> (ngtcp2_settings, ngtcp2_transport_params) {
        let configuration = owner.configuration
        var settings = unsafe ngtcp2_settings()
        unsafe ngtcp2_settings_default_versioned(NGTCP2_SETTINGS_VERSION_V1, &settings)
        unsafe settings.initial_ts = now
        unsafe settings.cc_algo = NGTCP2_CC_ALGO_CUBIC
        unsafe settings.handshake_timeout = configuration.handshakeTimeout.nanoseconds
        // Windows grow by our own rule, which knows the connection's sum.
        unsafe settings.max_window = 0
        unsafe settings.max_stream_window = 0
        unsafe settings.max_tx_udp_payload_size = Self.largestDatagram

        var parameters = unsafe ngtcp2_transport_params()
        unsafe ngtcp2_transport_params_default_versioned(
            NGTCP2_TRANSPORT_PARAMS_VERSION_V1, &parameters)
        let window = UInt64(max(0, configuration.streamWindow))
        unsafe parameters.initial_max_stream_data_bidi_local = window
        unsafe parameters.initial_max_stream_data_bidi_remote = window
        unsafe parameters.initial_max_stream_data_uni = window
        unsafe parameters.initial_max_data = UInt64(max(0, configuration.connectionWindow))
        unsafe parameters.initial_max_streams_bidi = UInt64(
            max(0, configuration.maximumRemoteStreams))
        unsafe parameters.initial_max_streams_uni = UInt64(
            max(0, configuration.maximumRemoteUnidirectionalStreams))
        unsafe parameters.max_idle_timeout = configuration.idleTimeout.nanoseconds
        unsafe parameters.active_connection_id_limit = 4
        return unsafe (settings, parameters)
    }

    /// The largest datagram we send: what Ethernet carries over IPv6, less nothing else.
    static let largestDatagram = Int(NGTCP2_MAX_PMTUD_UDP_PAYLOAD_SIZE)

    // MARK: Time and state

    /// When something has to be done, whether or not a packet comes.
    var expiry: UInt64 { unsafe ngtcp2_conn_get_expiry(connection) }

    /// Lets due timers act; 0 or an ngtcp2 error.
    func handleExpiry(now: UInt64) -> Int32 {
        unsafe ngtcp2_conn_handle_expiry(connection, now)
    }

    /// How long to answer stragglers after the end: 3 PTO (RFC 9000 §10.2).
    var closingTime: UInt64 {
        // Before the first sample a PTO is a second; a half-open peer is not worth three.
        unsafe min(3 * ngtcp2_conn_get_pto(connection), 3_000_000_000)
    }

    /// Smoothed round-trip time in nanoseconds.
    var smoothedRTT: UInt64 {
        var stat = ngtcp2_conn_stat()
        unsafe ngtcp2_conn_get_conn_stat_versioned(connection, NGTCP2_CONN_STAT_VERSION_V1, &stat)
        return stat.smoothed_rtt
    }

    /// IDs by which the connection is known now.
    var sourceIDs: [ConnectionID] {
        let count = unsafe ngtcp2_conn_get_num_scid(connection)
        var cids = [ngtcp2_cid](repeating: ngtcp2_cid(), count: count)
        unsafe cids.withUnsafeMutableBufferPointer { buffer in
            _ = unsafe ngtcp2_conn_get_scid(connection, buffer.baseAddress)
        }
        return cids.map { ConnectionID($0) }
    }

    /// Where ngtcp2 thinks the other side is.
    var currentPath: NetworkPath? {
        guard let path = unsafe ngtcp2_conn_get_path(connection),
            let local = unsafe SocketAddress(path.pointee.local),
            let remote = unsafe SocketAddress(path.pointee.remote)
        else { return nil }
        return NetworkPath(local: local, remote: remote)
    }

    // MARK: Reading

    /// Opens one datagram; 0 or an ngtcp2 error.
    func read(
        _ datagram: UnsafeRawBufferPointer, path: NetworkPath, ecn: ECN, now: UInt64
    ) -> Int32 {
        guard let base = datagram.baseAddress else { return 0 }
        readPath.store(path)
        var native = unsafe readPath.ngtcp2
        var info = ngtcp2_pkt_info(ecn: UInt32(ecn.rawValue))
        unsafe quicwatch_begin(watch)
        defer { quicwatch_end() }
        return unsafe ngtcp2_conn_read_pkt_versioned(
            connection, &native, NGTCP2_PKT_INFO_VERSION_V1, &info,
            base.assumingMemoryBound(to: UInt8.self), datagram.count, now)
    }

    /// STOP_SENDING frames of the datagram read last.
    var stopSendings: [(stream: UInt64, code: UInt64)] {
        let count = unsafe Int(watch.pointee.stop_count)
        guard count > 0 else { return [] }
        return unsafe withUnsafeBytes(of: &watch.pointee.stops) { bytes in
            let stops = unsafe bytes.assumingMemoryBound(to: quicwatch_stop.self)
            return unsafe stops.prefix(count).map { ($0.stream, $0.code) }
        }
    }

    /// The largest of the counts of cheap control frames, since they were reset.
    var controlFrames: UInt32 {
        unsafe max(
            watch.pointee.resets, watch.pointee.challenges, watch.pointee.connection_ids,
            watch.pointee.pings)
    }

    func resetControlFrames() {
        unsafe quicwatch_reset_counts(watch)
    }

    /// What the other side closed with.
    var peerClose: (code: UInt64, isTransport: Bool, reason: String) {
        var error = unsafe ngtcp2_connection_close_error()
        unsafe ngtcp2_conn_get_connection_close_error(connection, &error)
        let reason = unsafe UnsafeBufferPointer(start: error.reason, count: error.reasonlen)
        return unsafe (
            error.error_code,
            error.type != NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION,
            String(decoding: reason.prefix(1_024), as: UTF8.self)
        )
    }

    /// The alert with which TLS failed on our side.
    var alert: UInt8 { unsafe ngtcp2_conn_get_tls_alert(connection) }

    static func text(of error: Int32) -> String {
        unsafe String(cString: ngtcp2_strerror(error))
    }

    /// Which transport code an ngtcp2 error is closed with.
    static func transportCode(of error: Int32) -> UInt64 {
        ngtcp2_err_infer_quic_transport_error_code(error)
    }

    // MARK: Streams

    func openStream() -> UInt64? {
        var id: Int64 = -1
        let result = unsafe ngtcp2_conn_open_bidi_stream(connection, &id, nil)
        return result == 0 ? UInt64(exactly: id) : nil
    }

    func attach(_ stream: CoreStream) {
        _ = unsafe ngtcp2_conn_set_stream_user_data(
            connection, Int64(stream.id), Unmanaged.passUnretained(stream).toOpaque())
    }

    var streamCredit: Int {
        Int(clamping: unsafe ngtcp2_conn_get_streams_bidi_left(connection))
    }

    func grantStream() {
        unsafe ngtcp2_conn_extend_max_streams_bidi(connection, 1)
    }

    func extendStreamWindow(_ id: UInt64, by count: Int) {
        _ = unsafe ngtcp2_conn_extend_max_stream_offset(connection, Int64(id), UInt64(count))
    }

    func extendConnectionWindow(by count: Int) {
        unsafe ngtcp2_conn_extend_max_offset(connection, UInt64(count))
    }

    func stopReading(_ id: UInt64, code: UInt64) {
        _ = unsafe ngtcp2_conn_shutdown_stream_read(connection, Int64(id), Self.varint(code))
    }

    func resetWriting(_ id: UInt64, code: UInt64) {
        _ = unsafe ngtcp2_conn_shutdown_stream_write(connection, Int64(id), Self.varint(code))
    }

    /// Codes travel as variable-length integers of at most 62 bits.
    private static func varint(_ code: UInt64) -> UInt64 {
        min(code, (1 << 62) - 1)
    }

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
                return .packet(length: length, ecn: ECN(rawValue: UInt8(info.ecn & 3)) ?? .notCapable)
            case 0:
                return .nothing
            case NGTCP2_ERR_WRITE_MORE:
                continue
            case NGTCP2_ERR_STREAM_DATA_BLOCKED:
                let isConnection = unsafe ngtcp2_conn_get_max_data_left(connection) == 0
                if let stream { owner.blocked(stream, byConnection: isConnection) }
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
