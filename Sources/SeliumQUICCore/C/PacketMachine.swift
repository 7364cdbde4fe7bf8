internal import CNGTCP2
internal import CQUICTLS

/// The owner of one `ngtcp2_conn` and of the TLS session it drives.
///
/// Everything here happens with the library at rest: `CoreConnection` calls in, and only the thunks
/// of `Callbacks.swift` are called back. Freed by letting go of it, never from inside a callback.
@safe final class PacketMachine {
    let connection: OpaquePointer
    let session: TLSSession
    /// RESET_STREAM frames that our STOP_SENDINGs have not brought yet.
    private var expectedResets: UInt32 = 0
    /// Frames that ngtcp2 announces to nobody.
    let watch: UnsafeMutablePointer<quicwatch>
    let readPath: PathStorage
    /// Where ngtcp2 writes the path of a packet it made.
    let writePath: UnsafeMutablePointer<ngtcp2_path_storage>
    /// Silence after which ngtcp2 sends a PING, nanoseconds; 0 for never.
    private let keepAliveInterval: UInt64
    private var isPingRequested = false

    /// Takes a made connection; `session` is already attached to it.
    init(
        connection: OpaquePointer, session: TLSSession, path: NetworkPath,
        keepAliveInterval: UInt64
    ) {
        unsafe self.connection = connection
        self.session = session
        unsafe self.watch = .allocate(capacity: 1)
        unsafe self.watch.initialize(to: quicwatch())
        self.readPath = PathStorage(path)
        unsafe self.writePath = .allocate(capacity: 1)
        unsafe self.writePath.initialize(to: ngtcp2_path_storage())
        unsafe ngtcp2_path_storage_zero(self.writePath)
        self.keepAliveInterval = keepAliveInterval
        unsafe ngtcp2_conn_set_keep_alive_timeout(connection, keepAliveInterval)
    }

    deinit {
        // ngtcp2 hands its keys back to the session while it is freed: the session goes after it.
        unsafe ngtcp2_conn_del(connection)
        unsafe watch.deallocate()
        unsafe writePath.deallocate()
    }

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
    var smoothedRTT: UInt64 { statistics.smoothed_rtt }

    private var statistics: ngtcp2_conn_stat {
        var stat = ngtcp2_conn_stat()
        unsafe ngtcp2_conn_get_conn_stat_versioned(connection, NGTCP2_CONN_STAT_VERSION_V1, &stat)
        return stat
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

    /// Whether anything came that only the other side can have made.
    var hasHeard: Bool { unsafe watch.pointee.has_heard != 0 }

    // MARK: Asking whether anybody is there

    /// Time between an unanswered PING and being sure, see `CoreConnection.refused`.
    var probeTime: UInt64 { unsafe 3 * min(ngtcp2_conn_get_pto(connection), 60_000_000_000) }

    /// Something new came from the other side since `requestPing`.
    var hasAnswered: Bool { unsafe watch.pointee.has_new != 0 }

    /// The next packet shall be one that the other side has to answer. ngtcp2 knows PING only as its
    /// keep-alive, so that is overdue until the packet is made.
    func requestPing() {
        unsafe watch.pointee.has_new = 0
        isPingRequested = true
        unsafe ngtcp2_conn_set_keep_alive_timeout(connection, 1)
    }

    /// A packet was made. One with nothing but an acknowledgement in it is not answered: then the
    /// PING is still to come.
    func pingSent() {
        guard isPingRequested, statistics.bytes_in_flight > 0 else { return }
        isPingRequested = false
        unsafe ngtcp2_conn_set_keep_alive_timeout(connection, keepAliveInterval)
    }

    /// STOP_SENDING frames of the datagram read last.
    var stopSendings: [(stream: UInt64, code: UInt64)] {
        let count = unsafe Int(watch.pointee.stop_count)
        guard count > 0 else { return [] }
        let stops = unsafe UnsafeBufferPointer(start: quicwatch_stops(), count: count)
        return unsafe stops.map { ($0.stream, $0.code) }
    }

    /// The largest of the counts of cheap control frames, since they were reset. A RESET_STREAM for
    /// each of our own STOP_SENDINGs is what the RFC wants of the other side (RFC 9000 §3.5).
    var controlFrames: UInt32 {
        let resets = unsafe watch.pointee.resets
        return unsafe max(
            resets - min(resets, expectedResets), watch.pointee.challenges,
            watch.pointee.connection_ids, watch.pointee.pings)
    }

    func resetControlFrames() {
        expectedResets -= unsafe min(watch.pointee.resets, expectedResets)
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

    // MARK: For the next connection

    /// Gives the client a token in a NEW_TOKEN frame; servers only, once the handshake is complete.
    func send(addressToken token: [UInt8]) {
        guard !token.isEmpty else { return }
        _ = unsafe ngtcp2_conn_submit_new_token(connection, token, token.count)
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
        expectedResets = expectedResets == .max ? .max : expectedResets + 1
        _ = unsafe ngtcp2_conn_shutdown_stream_read(connection, Int64(id), Self.varint(code))
    }

    func resetWriting(_ id: UInt64, code: UInt64) {
        _ = unsafe ngtcp2_conn_shutdown_stream_write(connection, Int64(id), Self.varint(code))
    }

    /// Codes travel as variable-length integers of at most 62 bits.
    static func varint(_ code: UInt64) -> UInt64 {
        min(code, (1 << 62) - 1)
    }
}
