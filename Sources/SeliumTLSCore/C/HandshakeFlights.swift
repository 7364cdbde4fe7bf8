internal import CBoringTLS

/// Drives a session without packets: handshake bytes in, handshake bytes out.
///
/// What a transport other than ngtcp2 would build on, and what shows the TLS rules without one. It
/// takes over the session's hooks, so a session has either this or a connection, never both.
package final class HandshakeFlights {
    /// The encryption levels that carry handshake bytes (RFC 9001 §4).
    package enum Level: Int, Hashable, Sendable, CaseIterable {
        case initial = 0
        case early = 1
        case handshake = 2
        case application = 3
    }

    /// Handshake bytes of one level, to be handed to the other side in order.
    package struct Flight: Hashable, Sendable {
        package let level: Level
        package let bytes: [UInt8]

        package init(level: Level, bytes: [UInt8]) {
            self.level = level
            self.bytes = bytes
        }
    }

    /// The session driven.
    package let session: TLSSession
    /// The levels and directions whose secrets were installed, in order.
    package private(set) var installed: [String] = []
    private var outgoing: [Flight] = []

    /// Takes over `session`; `transportParameters` are sent to the other side as they are.
    package init(
        _ session: TLSSession, transportParameters: [UInt8] = []
    ) throws(TLSError) {
        self.session = session
        let status = unsafe transportParameters.withUnsafeBufferPointer { buffer -> btls_status in
            var none: UInt8 = 0
            guard let base = buffer.baseAddress else {
                return unsafe btls_session_set_transport_parameters(session.handle, &none, 0)
            }
            return unsafe btls_session_set_transport_parameters(
                session.handle, base, buffer.count)
        }
        guard status == BTLS_OK else { throw TLSError(status) }
        unsafe btls_session_set_hooks(
            session.handle, flightHooks, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        unsafe btls_session_set_hooks(self.session.handle, nil, nil)
    }

    /// Begins or goes on as far as it can. Throws why the handshake failed on this side.
    package func drive() throws(TLSError) {
        guard unsafe btls_session_drive(self.session.handle) == BTLS_OK else {
            throw self.session.makeFailure()
        }
    }

    /// Takes what the other side sent, and goes on.
    package func receive(_ flight: Flight) throws(TLSError) {
        let level = btls_level(rawValue: UInt32(flight.level.rawValue))
        let status = unsafe flight.bytes.withUnsafeBufferPointer { buffer in
            unsafe btls_session_provide(
                self.session.handle, level, buffer.baseAddress, buffer.count)
        }
        guard status == BTLS_OK else { throw self.session.makeFailure() }
        try self.drive()
    }

    /// What to hand to the other side next; empty when there is nothing.
    package func pollFlights() -> [Flight] {
        defer { self.outgoing = [] }
        return self.outgoing
    }

    /// The transport parameters of the other side, nil until they came.
    package var peerTransportParameters: [UInt8]? {
        let bytes = unsafe btls_session_peer_transport_parameters(self.session.handle).array
        return bytes.isEmpty ? nil : bytes
    }

    fileprivate func installedSecret(_ direction: String, _ level: btls_level) {
        if let level = Level(rawValue: Int(level.rawValue)) {
            self.installed.append("\(direction) \(level)")
        }
    }

    fileprivate func wrote(_ level: btls_level, _ bytes: [UInt8]) {
        guard let level = Level(rawValue: Int(level.rawValue)) else { return }
        // Neighbours of one level are one flight.
        if let last = self.outgoing.last, last.level == level {
            self.outgoing[self.outgoing.count - 1] = Flight(
                level: level, bytes: last.bytes + bytes)
        } else {
            self.outgoing.append(Flight(level: level, bytes: bytes))
        }
    }
}

private func flights(_ owner: UnsafeMutableRawPointer?) -> HandshakeFlights? {
    guard let owner = unsafe owner else { return nil }
    return unsafe Unmanaged<HandshakeFlights>.fromOpaque(owner).takeUnretainedValue()
}

/// Shared by all sessions and alive for ever, as `btls_session_set_hooks` asks.
///
/// SAFETY: written once, before anybody has it.
private nonisolated(unsafe) let flightHooks: UnsafePointer<btls_quic_hooks> = {
    let hooks = UnsafeMutablePointer<btls_quic_hooks>.allocate(capacity: 1)
    unsafe hooks.initialize(
        to: btls_quic_hooks(
            read_secret: { owner, _, level, _, _, _ in
                unsafe flights(owner)?.installedSecret("read", level)
                return 1
            },
            write_secret: { owner, _, level, _, _, _ in
                unsafe flights(owner)?.installedSecret("write", level)
                return 1
            },
            handshake_data: { owner, _, level, data, length in
                let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: length))
                unsafe flights(owner)?.wrote(level, bytes)
                return 1
            },
            alert: { _, _, _, _ in 1 }))
    return unsafe UnsafePointer(hooks)
}()
