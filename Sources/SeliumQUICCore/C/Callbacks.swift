internal import CNGTCP2
internal import CQUICTLS

/// What ngtcp2 calls back: each thunk turns its arguments into Swift and notes them, no more.
/// None reads, writes or frees the connection.
enum Callbacks {
    /// The whole table; only its pointers are shared, it is copied into each connection.
    static func make() -> ngtcp2_callbacks {
        var callbacks = ngtcp2_callbacks()
        unsafe quictls_fill_callbacks(&callbacks)
        unsafe quicwatch_install(&callbacks)
        unsafe callbacks.rand = { target, length, _ in
            guard let target = unsafe target else { return }
            unsafe quictls_random(target, length)
        }
        addIdentifiers(to: &callbacks)
        addHandshake(to: &callbacks)
        addStreams(to: &callbacks)
        return callbacks
    }

    private static func addIdentifiers(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.get_new_connection_id = { _, cid, token, length, owner in
            guard let owner = unsafe connection(owner), let cid = unsafe cid,
                let token = unsafe token, length == ConnectionID.ownLength,
                let id = owner.endpoint?.makeID(for: owner),
                unsafe owner.endpoint?.stateless.writeResetToken(of: id, into: token) == true
            else { return NGTCP2_ERR_CALLBACK_FAILURE }
            unsafe cid.pointee = id.ngtcp2
            return 0
        }
        unsafe callbacks.remove_connection_id = { _, cid, owner in
            guard let owner = unsafe connection(owner), let cid = unsafe cid else { return 0 }
            owner.endpoint?.forgetID(unsafe ConnectionID(cid.pointee), of: owner)
            return 0
        }
    }

    private static func addHandshake(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.handshake_completed = { _, owner in
            unsafe connection(owner)?.handshakeCompleted()
            return 0
        }
        unsafe callbacks.handshake_confirmed = { _, owner in
            unsafe connection(owner)?.handshakeConfirmed()
            return 0
        }
        unsafe callbacks.recv_new_token = { _, token, owner in
            guard let owner = unsafe connection(owner), let token = unsafe token?.pointee,
                let base = unsafe token.base
            else { return 0 }
            owner.receivedAddressToken(
                unsafe Array(UnsafeBufferPointer(start: base, count: token.len)))
            return 0
        }
        unsafe callbacks.recv_stateless_reset = { _, _, owner in
            unsafe connection(owner)?.sawStatelessReset = true
            return 0
        }
        unsafe callbacks.extend_max_local_streams_bidi = { _, _, owner in
            unsafe connection(owner)?.note(.streamCredit)
            return 0
        }
    }

    private static func addStreams(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.stream_open = { _, id, owner in
            guard let owner = unsafe connection(owner), let id = UInt64(exactly: id) else {
                return 0
            }
            owner.note(.streamOpened(owner.addStream(id: id, isRemote: true)))
            return 0
        }
        unsafe callbacks.recv_stream_data = { _, flags, _, _, data, length, owner, state in
            guard let owner = unsafe connection(owner), let state = unsafe stream(state) else {
                return 0
            }
            let bytes = unsafe UnsafeRawBufferPointer(start: data, count: length)
            owner.received(
                unsafe bytes.bytes, isEnd: flags & NGTCP2_STREAM_DATA_FLAG_FIN != 0, on: state)
            return 0
        }
        unsafe callbacks.acked_stream_data_offset = { _, _, offset, length, owner, state in
            guard let owner = unsafe connection(owner), let state = unsafe stream(state) else {
                return 0
            }
            owner.acknowledged(to: offset &+ length, on: state)
            return 0
        }
        unsafe callbacks.stream_close = { _, _, _, _, owner, state in
            guard let owner = unsafe connection(owner), let state = unsafe stream(state) else {
                return 0
            }
            owner.streamClosed(state)
            return 0
        }
        unsafe callbacks.stream_reset = { _, _, _, code, owner, state in
            guard let owner = unsafe connection(owner), let state = unsafe stream(state) else {
                return 0
            }
            owner.receivedReset(code: code, on: state)
            return 0
        }
        unsafe callbacks.extend_max_stream_data = { _, _, _, owner, state in
            guard let owner = unsafe connection(owner), let state = unsafe stream(state) else {
                return 0
            }
            if state.hasSomethingToSend { owner.enqueue(state) }
            return 0
        }
    }
}

private func connection(_ owner: UnsafeMutableRawPointer?) -> CoreConnection? {
    guard let owner = unsafe owner else { return nil }
    return unsafe Unmanaged<CoreConnection>.fromOpaque(owner).takeUnretainedValue()
}

private func stream(_ state: UnsafeMutableRawPointer?) -> CoreStream? {
    guard let state = unsafe state else { return nil }
    return unsafe Unmanaged<CoreStream>.fromOpaque(state).takeUnretainedValue()
}
