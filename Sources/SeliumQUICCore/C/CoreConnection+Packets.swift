internal import CNGTCP2

extension CoreConnection {
    /// What reading a datagram means for the endpoint.
    enum Received {
        case taken
        /// Not a connection after all: forget it without a word.
        case drop
        /// Forget it, and ask the client to prove its address first: the beginning of its hello is
        /// still on the way (a post-quantum hello is two datagrams, and they may swap places).
        case needsRetry
    }

    func receive(
        _ datagram: UnsafeRawBufferPointer, path: NetworkPath, ecn: ECN, now: UInt64
    ) -> Received {
        guard end == nil, let packets else { return .taken }
        let now = advance(to: now)
        let result = unsafe packets.read(datagram, path: path, ecn: ecn, now: now)
        if probeDeadline != .max, packets.hasAnswered { probeDeadline = .max }
        switch result {
        case 0, NGTCP2_ERR_DISCARD_PKT:
            break
        case NGTCP2_ERR_RETRY:
            return .needsRetry
        case NGTCP2_ERR_DROP_CONN:
            return .drop
        default:
            failed(with: result, packets, now: now)
            return .taken
        }
        for stop in packets.stopSendings { receivedStopSending(id: stop.stream, code: stop.code) }
        countControlFrames(packets, now: now)
        guard end == nil else { return .taken }
        if packets.session.remembers { packets.session.keepTickets() }
        if owesAddressToken { giveAddressToken(packets, now: now) }
        if path != self.path, let current = packets.currentPath { self.path = current }
        // Whatever came may have been credit of the connection, which no callback announces.
        endpoint?.markReady(self)
        return .taken
    }

    /// Cheap frames cost the sender nothing and us something each (security.md's table).
    private func countControlFrames(_ packets: PacketMachine, now: UInt64) {
        if now &- countingSince >= 1_000_000_000 {
            countingSince = now
            packets.resetControlFrames()
        }
        guard packets.controlFrames > configuration.controlFramesPerSecond else { return }
        let code = configuration.floodCloseCode
        finish(
            .violation(code: code, isTransport: false, detail: "a flood of control frames"),
            .application(code: code, reason: "control frame flood"), now: now)
    }

    /// Whatever has to be done because of the time.
    func handleExpiry(now: UInt64) {
        guard end == nil, let packets else { return }
        let now = advance(to: now)
        armedDeadline = .max
        if probeDeadline <= now { return finish(.peerGone, .nothing, now: now) }
        let result = packets.handleExpiry(now: now)
        if result != 0 { failed(with: result, packets, now: now) }
        guard end == nil else { return }
        endpoint?.markReady(self)
    }

    /// Ends the connection for an error of the library.
    func failed(with error: Int32, _ packets: PacketMachine, now: UInt64) {
        switch error {
        case NGTCP2_ERR_DRAINING:
            finish(peerEnd(packets), .draining, now: now)
        case NGTCP2_ERR_IDLE_CLOSE:
            finish(.idle, .nothing, now: now)
        case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
            finish(.handshakeTimeout(heardAnything: packets.hasHeard), .nothing, now: now)
        case NGTCP2_ERR_RECV_VERSION_NEGOTIATION, NGTCP2_ERR_VERSION_NEGOTIATION_FAILURE:
            finish(.versionMismatch, .nothing, now: now)
        case NGTCP2_ERR_CRYPTO:
            if let failure = packets.session.failure {
                finish(.handshakeFailed(failure), .alert(packets.alert), now: now)
            } else {
                let text = "the TLS handshake could not go on"
                finish(.failed(detail: text), .alert(packets.alert), now: now)
            }
        case NGTCP2_ERR_INTERNAL:
            // What 0.12 says of a stream that came with a thousand holes in it, and of nothing else.
            let end = QUICConnectionEnd.violation(
                code: PacketMachine.transportCode(of: error), isTransport: true,
                detail: "too many small pieces out of order")
            finish(end, .library(error), now: now)
        case NGTCP2_ERR_CLOSING, NGTCP2_ERR_DROP_CONN, NGTCP2_ERR_NOMEM,
            NGTCP2_ERR_CALLBACK_FAILURE:
            finish(.failed(detail: PacketMachine.text(of: error)), .library(error), now: now)
        default:
            let end = QUICConnectionEnd.violation(
                code: PacketMachine.transportCode(of: error), isTransport: true,
                detail: PacketMachine.text(of: error))
            finish(end, .library(error), now: now)
        }
    }

    private func peerEnd(_ packets: PacketMachine) -> QUICConnectionEnd {
        if sawStatelessReset { return .statelessReset }
        let close = packets.peerClose
        if close.isTransport, let alert = TLSAlert(quicErrorCode: close.code) {
            return .refusedByPeer(.received(alert))
        }
        if close.isTransport, close.code == QUICConnectionEnd.applicationError {
            return .leftByPeer
        }
        return .closedByPeer(
            code: close.code, isTransport: close.isTransport, reason: close.reason)
    }

    // MARK: The handshake

    func handshakeCompleted() {
        guard !isHandshakeComplete, let packets else { return }
        isHandshakeComplete = true
        applicationProtocol = packets.session.applicationProtocol
        keyExchangeGroup = packets.session.group
        isResumed = packets.session.isResumed
        if let certificate = packets.session.peerCertificate { peerCertificates = [certificate] }
        endpoint?.handshakeCompleted(self)
        note(.handshakeCompleted)
        // A server judges the client before it completes: nothing is left to confirm.
        if isServer {
            owesAddressToken = configuration.issuesAddressTokens
            handshakeConfirmed()
        }
    }

    func handshakeConfirmed() {
        guard !isHandshakeConfirmed else { return }
        isHandshakeConfirmed = true
        note(.handshakeConfirmed)
    }

    // MARK: For the next connection

    /// Not from inside a callback: it writes to the connection.
    private func giveAddressToken(_ packets: PacketMachine, now: UInt64) {
        owesAddressToken = false
        guard let token = endpoint?.stateless.addressToken(for: path.remote, now: now) else {
            return
        }
        packets.send(addressToken: token)
    }

    /// From inside a callback.
    func receivedAddressToken(_ token: [UInt8]) {
        packets?.session.keepAddressToken(token)
    }

    // MARK: Sending

    /// Makes packets until there is nothing more to say now, the quantum is spent, or the buffer is
    /// full. Returns whether it stopped with more to say.
    func transmit(
        into buffer: UnsafeMutableRawBufferPointer, from start: Int, now: UInt64,
        _ transmits: inout [Transmit]
    ) -> (end: Int, hasMore: Bool) {
        guard end == nil, let packets else { return (start, false) }
        let now = advance(to: now)
        var offset = start
        let limit = start + max(packets.sendQuantum, 16 << 10)
        var open: Transmit?
        var hasMore = true
        while offset < limit, buffer.count - offset >= PacketMachine.largestDatagram {
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[offset..<offset + PacketMachine.largestDatagram])
            let written = unsafe packets.write(into: target, for: self, now: now)
            guard case .packet(let length, let ecn) = written else {
                hasMore = false
                if case .failed(let error) = written {
                    append(&open, to: &transmits)
                    failed(with: error, packets, now: now)
                    return (offset, false)
                }
                break
            }
            add(length, ecn, at: offset, packets, to: &open, &transmits)
            offset += length
        }
        append(&open, to: &transmits)
        if offset > start { packets.pingSent() }
        if isHandshakeComplete, offset > start { packets.paced(now: now) }
        return (offset, hasMore)
    }

    /// Joins the packet to the run before it when the system can cut both out of one buffer: same
    /// path, same mark, same length; a shorter one ends the run.
    private func add(
        _ length: Int, _ ecn: ECN, at offset: Int, _ packets: PacketMachine,
        to open: inout Transmit?, _ transmits: inout [Transmit]
    ) {
        let destination = packets.writtenPath(expecting: path)
        if var run = open {
            let isWhole = run.range.count % run.segmentSize == 0
            if isWhole, run.path == destination, run.ecn == ecn, length <= run.segmentSize,
                run.datagramCount < CoreEndpoint.maximumSegments
            {
                run.range = run.range.lowerBound..<offset + length
                open = run
                return
            }
            append(&open, to: &transmits)
        }
        open = Transmit(
            path: destination, range: offset..<offset + length, segmentSize: length, ecn: ecn)
    }

    private func append(_ open: inout Transmit?, to transmits: inout [Transmit]) {
        guard let run = open else { return }
        transmits.append(run)
        open = nil
    }
}
