internal import DequeModule

extension CoreEndpoint {
    /// Takes one datagram. Nothing in it can be trusted, its source address included.
    package func receive(
        _ datagram: RawSpan, path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        unsafe datagram.withUnsafeBytes { bytes in
            unsafe receive(bytes, path: path, ecn: ecn, now: now)
        }
    }

    private func receive(
        _ bytes: UnsafeRawBufferPointer, path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        // Nobody can be answered there; and the system would report our answer as our error.
        guard Self.isAnswerable(path.remote) else { return count(\.dropped) }
        switch unsafe PacketHeader(bytes) {
        case .invalid:
            count(\.dropped)
        case .unknownVersion(let destination, let source):
            negotiateVersion(destination: destination, source: source, path: path, now: now)
        case .packet(let destination, let isLong):
            if let index = slot(for: destination) {
                unsafe deliver(bytes, to: index, path: path, ecn: ecn, now: now)
            } else {
                unsafe stray(
                    bytes, destination, isLong: isLong, path: path, ecn: ecn, now: now)
            }
        }
    }

    private static func isAnswerable(_ remote: SocketAddress) -> Bool {
        remote.port != 0 && !remote.address.isMulticast && !remote.address.isUnspecified
            && remote.address != .v4(.broadcast)
    }

    private func deliver(
        _ bytes: UnsafeRawBufferPointer, to index: Int, path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        switch slots[index].state {
        case .living(let connection):
            switch unsafe connection.receive(bytes, path: path, ecn: ecn, now: now) {
            case .taken:
                break
            case .drop, .needsRetry:
                // Only before its first packet made sense, see `accept`.
                discard(connection)
            }
        case .closing:
            answerStraggler(index)
        case .draining, .free:
            break
        }
    }

    private func discard(_ connection: CoreConnection) {
        forget(connection)
        connection.endpoint = nil
        connection.packets = nil
    }

    /// A datagram for an ID that nobody has.
    private func stray(
        _ bytes: UnsafeRawBufferPointer, _ destination: ConnectionID, isLong: Bool,
        path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        if !isServer {
            // A client's endpoint has one connection: this may be the stateless reset of it.
            if !isLong, let index = slots.indices.first {
                unsafe deliver(bytes, to: index, path: path, ecn: ecn, now: now)
            } else {
                count(\.dropped)
            }
        } else if isLong {
            unsafe accept(bytes, path: path, ecn: ecn, now: now)
        } else {
            reset(destination, length: bytes.count, path: path, now: now)
        }
    }

    private func reset(
        _ id: ConnectionID, length: Int, path: NetworkPath, now: UInt64
    ) {
        guard statelessBudget.take(now: now),
            let packet = stateless.reset(for: id, answering: length)
        else { return count(\.dropped) }
        count(\.statelessResets)
        send(packet, over: path)
    }

    private func negotiateVersion(
        destination: [UInt8], source: [UInt8], path: NetworkPath, now: UInt64
    ) {
        guard isServer, statelessBudget.take(now: now),
            let packet = stateless.versionNegotiation(destination: destination, source: source)
        else { return count(\.dropped) }
        count(\.versionNegotiations)
        send(packet, over: path)
    }

    // MARK: Accepting

    private func accept(
        _ bytes: UnsafeRawBufferPointer, path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        switch unsafe InitialHeader.parse(bytes) {
        case .drop:
            count(\.dropped)
        case .needsRetry(let header):
            retry(header, path: path, now: now)
        case .initial(let header):
            // The other half of a hello that was answered with Retry: it would stay half-open.
            if !stateless.isRetryToken(header.token),
                !recentRetries.isNew(header.destination, now: now)
            {
                return count(\.dropped)
            }
            switch decide(header, path: path, now: now) {
            case .drop: count(\.dropped)
            case .retry: retry(header, path: path, now: now)
            case .refuse(let code): refuse(header, code: code, path: path, now: now)
            case .accept(let original, let proof):
                unsafe open(
                    bytes, header, original: original, proof: proof, path: path, ecn: ecn, now: now)
            }
        }
    }

    private func retry(_ header: InitialHeader, path: NetworkPath, now: UInt64) {
        // A client accepts one Retry only (RFC 9000 §17.2.5.2): one that has a token is not asked
        // again.
        // Nor is the other half of a hello that was answered just now.
        guard !stateless.isRetryToken(header.token),
            recentRetries.isNew(header.destination, now: now),
            let packet = stateless.retry(
                to: header, from: path.remote, ownID: makeID(), now: now)
        else { return count(\.dropped) }
        count(\.retries)
        recentRetries.note(header.destination, now: now)
        send(packet, over: path)
    }

    private func refuse(
        _ header: InitialHeader, code: UInt64, path: NetworkPath, now: UInt64
    ) {
        guard statelessBudget.take(now: now),
            let packet = stateless.refusal(of: header, code: code)
        else { return count(\.dropped) }
        count(\.refusals)
        send(packet, over: path)
    }

    private func open(
        _ bytes: UnsafeRawBufferPointer, _ header: InitialHeader, original: ConnectionID,
        proof: AddressProof, path: NetworkPath, ecn: ECN, now: UInt64
    ) {
        let own = makeID()
        guard let connection = makeServer(header, own, original, proof, path, now: now) else {
            return count(\.dropped)
        }
        addRoute(own, to: connection.slot)
        // The client uses the ID it drew itself until it hears ours.
        addRoute(header.destination, to: connection.slot)
        switch unsafe connection.receive(bytes, path: path, ecn: ecn, now: now) {
        case .taken:
            break
        case .drop:
            discard(connection)
            count(\.dropped)
        case .needsRetry:
            discard(connection)
            retry(header, path: path, now: now)
        }
    }

    private func makeServer(
        _ header: InitialHeader, _ own: ConnectionID, _ original: ConnectionID,
        _ proof: AddressProof, _ path: NetworkPath, now: UInt64
    ) -> CoreConnection? {
        var token = [UInt8](repeating: 0, count: 16)
        let isMade = unsafe token.withUnsafeMutableBufferPointer { token in
            guard let base = token.baseAddress else { return false }
            return unsafe stateless.writeResetToken(of: own, into: base)
        }
        guard isMade else { return nil }
        return try? add(path: path, now: now) { (connection) throws(QUICError) in
            let session: TLSSession
            do throws(TLSError) {
                session = try tls.makeServerSession(unixTime: unixTime)
            } catch {
                throw QUICError(.tls, error.message, tls: error)
            }
            return PacketMachine.server(
                for: connection, session: session, header: header, source: own,
                original: original, proof: proof, resetToken: token, now: now)
        }
    }

    // MARK: Connecting

    /// Begins a connection. The endpoint of a client has one.
    ///
    /// - Parameter serverName: what the server's certificate must be for.
    package func connect(
        path: NetworkPath, serverName: String, now: UInt64
    ) throws(QUICError) -> CoreConnection {
        precondition(!isServer, "an accepting endpoint does not connect")
        let own = makeID()
        let destination = ConnectionID(SystemRandom().bytes(ConnectionID.ownLength))
        let connection = try add(path: path, now: now) { (connection) throws(QUICError) in
            let session: TLSSession
            do throws(TLSError) {
                session = try tls.makeClientSession(serverName: serverName, unixTime: unixTime)
            } catch {
                throw QUICError(.tls, error.message, tls: error)
            }
            return PacketMachine.client(
                for: connection, session: session, destination: destination, source: own,
                token: session.takeAddressToken() ?? [], now: now)
        }
        addRoute(own, to: connection.slot)
        markReady(connection)
        return connection
    }

    // MARK: Sending

    /// Fills `buffer` with what is to be sent now and appends to `transmits` where it goes. A buffer
    /// of 64 KiB is right. Returns whether there was more to say than fits.
    package func transmit(
        into buffer: inout OutputRawSpan, now: UInt64, _ transmits: inout [Transmit]
    ) -> Bool {
        unsafe buffer.withUnsafeMutableBytes { (bytes, initialized) in
            var offset = initialized
            let hasMore = unsafe transmit(into: bytes, &offset, now: now, &transmits)
            initialized = offset
            return hasMore
        }
    }

    private func transmit(
        into bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int, now: UInt64,
        _ transmits: inout [Transmit]
    ) -> Bool {
        guard unsafe writeStateless(into: bytes, &offset, &transmits) else { return true }
        // Each connection once a call: one with much to say waits for the others.
        for _ in 0..<readyCount {
            guard bytes.count - offset >= PacketMachine.largestDatagram else { return true }
            guard let connection = popReady() else { break }
            let (end, hasMore) = unsafe connection.transmit(
                into: bytes, from: offset, now: now, &transmits)
            offset = end
            arm(connection)
            if hasMore { markReady(connection) }
        }
        // A connection may have ended while it was making packets.
        return wantsToTransmit
    }

    private func writeStateless(
        into bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int,
        _ transmits: inout [Transmit]
    ) -> Bool {
        while let packet = unsent.first {
            guard bytes.count - offset >= packet.bytes.count else { return false }
            unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyBytes(
                from: packet.bytes)
            transmits.append(
                Transmit(
                    path: packet.path, range: offset..<offset + packet.bytes.count,
                    segmentSize: packet.bytes.count, ecn: .notCapable))
            offset += packet.bytes.count
            unsent.removeFirst()
        }
        return true
    }
}
