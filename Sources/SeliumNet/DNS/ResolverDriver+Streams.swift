internal import NIOCore
internal import Synchronization

extension ResolverDriver {
    /// Messages that are read from one stream before it is given up: each is one that nobody asked for.
    private static let maximumMessages = 16

    /// Begins an exchange over a stream. It belongs to the resolver and not to a task that asks: many
    /// may wait for it, and the first of them may be cancelled. Its deadline ends it, and so does the
    /// end of the resolver.
    func begin(_ transmission: DNSTransmission) {
        let transport = options.transport
        // The resolver may end before the exchange does.
        let receive: @Sendable ([UInt8]) -> Bool = { [weak self] message in
            self?.receive(message, transmission) ?? true
        }
        let finish: @Sendable (String?) -> Void = { [weak self] failure in
            self?.finish(transmission.id, failure)
        }
        let task = Task.detached {
            do {
                if transmission.server.transport == .plain {
                    try await Self.speakTCP(transmission, receive)
                } else if !receive(try await Self.speak(transport, transmission)) {
                    return finish("the answer belongs to another query")
                }
                finish(nil)
            } catch {
                finish("\(error)")
            }
        }
        state.withLock { state in
            // It may have ended before.
            if state.streams[transmission.id] != nil { state.streams[transmission.id] = task }
        }
    }

    /// Sends a query over a TCP connection of its own (RFC 7766) and hands over what comes until that
    /// is enough.
    private static func speakTCP(
        _ transmission: DNSTransmission, _ isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(NetError) {
        let address = transmission.server.address
        guard let framed = DNSStreamSplitter.framed(transmission.message) else {
            throw NetError(.messageTooLong, doing: .write, address: .ip(address))
        }
        let stream = try await Network.unrestricted.connect(
            to: address, within: Monotonic.remaining(until: transmission.deadline))
        defer { stream.close() }
        var buffer = ByteBuffer(bytes: framed)
        try await stream.write(&buffer, within: Monotonic.remaining(until: transmission.deadline))
        var splitter = DNSStreamSplitter()
        var messages = 0
        var isAnswered = false
        while !isAnswered {
            buffer.clear()
            let count = try await stream.read(
                into: &buffer, within: Monotonic.remaining(until: transmission.deadline))
            guard count > 0 else {
                throw NetError(
                    .reset, doing: .read, address: .ip(address), detail: "ended without an answer")
            }
            splitter.receive(buffer.readableBytesView) { message in
                messages += 1
                if !isAnswered { isAnswered = isEnough(message) }
            }
            guard isAnswered || messages < maximumMessages else {
                throw NetError(
                    .invalidArgument, doing: .read, address: .ip(address),
                    detail: "\(messages) messages, and none is the answer")
            }
        }
    }

    private static func speak(
        _ transport: (any DNSTransport)?, _ transmission: DNSTransmission
    ) async throws -> [UInt8] {
        let duration = Monotonic.remaining(until: transmission.deadline)
        guard let transport else {
            throw NetError(
                .unsupported, doing: .connect, address: .ip(transmission.server.address),
                detail: "no transport was given for such a server")
        }
        guard case .https = transmission.server.transport else {
            return try await transport.exchange(
                transmission.message, with: transmission.server, within: duration)
        }
        // RFC 8484 section 4.1: the same query is always the same bytes.
        var query = transmission.message
        query.replaceSubrange(0..<2, with: [0, 0])
        var answer = try await transport.exchange(
            query, with: transmission.server, within: duration)
        if answer.count >= 2, answer[0] == 0, answer[1] == 0 {
            answer.replaceSubrange(0..<2, with: transmission.message.prefix(2))
        }
        return answer
    }

    /// A message over a stream; whether it was the answer.
    private func receive(_ message: [UInt8], _ transmission: DNSTransmission) -> Bool {
        let (reception, work) = state.withLock { state in
            let now = Monotonic.now
            let reception = state.machine.receivedMessage(
                message.span, for: transmission.id, now: now, using: &state.random)
            return (reception, state.pump(now, for: self))
        }
        perform(work)
        return reception == .taken
    }

    /// An exchange has ended; a failure counts only when there was no answer.
    private func finish(_ id: DNSTransmission.ID, _ failure: String?) {
        perform(
            state.withLock { state in
                let now = Monotonic.now
                state.streams[id] = nil
                if let failure {
                    state.machine.failed(id, reason: failure, now: now, using: &state.random)
                }
                return state.pump(now, for: self)
            })
    }
}

extension ResolverDriver.State {
    /// Starts exchanges that wait, as many as there is room for, and ends those that nobody waits for.
    mutating func startStreams(_ maximum: Int, _ work: inout ResolverDriver.Work) {
        for (id, task) in streams where !machine.isAwaited(id) { task?.cancel() }
        guard !queued.isEmpty, streams.count < max(1, maximum) else { return }
        queued.removeAll { !machine.isAwaited($0.id) }
        while streams.count < max(1, maximum), !queued.isEmpty {
            let next = queued.removeFirst()
            streams[next.id] = .some(nil)
            work.streams.append(next)
        }
    }
}
