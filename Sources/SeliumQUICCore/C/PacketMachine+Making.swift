internal import CNGTCP2
internal import CQUICTLS

extension PacketMachine {
    /// The connecting side. `token` is of an earlier connection's NEW_TOKEN frame, or empty. Nil only
    /// when memory is out.
    static func client(
        for owner: CoreConnection, session: TLSSession, destination: ConnectionID,
        source: ConnectionID, token: [UInt8], now: UInt64
    ) -> PacketMachine? {
        var token = token
        return unsafe token.withUnsafeMutableBufferPointer { token in
            var (settings, parameters) = unsafe Self.parameters(of: owner, now: now)
            unsafe Self.give(token, to: &settings)
            var input = unsafe Input(
                settings: settings, parameters: parameters, callbacks: Callbacks.make())
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
            return unsafe PacketMachine(
                connection: made, session: session, path: owner.path,
                keepAliveInterval: owner.configuration.keepAliveInterval?.nanoseconds ?? 0)
        }
    }

    /// ngtcp2 copies it when the connection is made. An empty array's storage may have an address.
    private static func give(
        _ token: UnsafeMutableBufferPointer<UInt8>, to settings: inout ngtcp2_settings
    ) {
        unsafe settings.token = ngtcp2_vec(
            base: token.isEmpty ? nil : token.baseAddress, len: token.count)
    }

    /// The accepting side, for a client's first packet. `original` and `retried` are what the
    /// transport parameters must repeat (RFC 9000 §7.3).
    static func server(
        for owner: CoreConnection, session: TLSSession, header: InitialHeader,
        source: ConnectionID, original: ConnectionID, proof: CoreEndpoint.AddressProof,
        resetToken: [UInt8], now: UInt64
    ) -> PacketMachine? {
        var (settings, parameters) = unsafe Self.parameters(of: owner, now: now)
        unsafe parameters.original_dcid = original.ngtcp2
        if proof == .retry {
            unsafe parameters.retry_scid = header.destination.ngtcp2
            unsafe parameters.retry_scid_present = 1
        }
        unsafe parameters.stateless_reset_token_present = 1
        unsafe withUnsafeMutableBytes(of: &parameters.stateless_reset_token) { target in
            unsafe target.copyBytes(from: resetToken.prefix(target.count))
        }
        var token = proof == .none ? [] : header.token
        return unsafe token.withUnsafeMutableBufferPointer { token in
            // Only a token that was judged: with one, ngtcp2 takes the address for validated.
            unsafe Self.give(token, to: &settings)
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
            return unsafe PacketMachine(
                connection: made, session: session, path: owner.path, keepAliveInterval: 0)
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
}
