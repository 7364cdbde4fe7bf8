internal import DequeModule

extension CoreConnection {
    /// Opens a bidirectional stream; nil when the other side grants none now (wait for
    /// `streamCredit`) or the connection is over.
    package func openStream() -> CoreStream? {
        guard end == nil, let packets, let id = packets.openStream() else { return nil }
        return addStream(id: id, isRemote: false)
    }

    /// How many streams the other side lets us open now.
    package var streamCredit: Int { packets?.streamCredit ?? 0 }

    /// Living streams, for limits and tests.
    package var streamCount: Int { streams.count }

    func addStream(id: UInt64, isRemote: Bool) -> CoreStream {
        let stream = CoreStream(id: id, isRemote: isRemote, window: configuration.streamWindow)
        streams[id] = stream
        windowSum += stream.window
        packets?.attach(stream)
        return stream
    }

    // MARK: Reading

    /// Up to `limit` bytes that arrived in order. Consuming gives the other side new credit: not
    /// reading is what holds it back.
    package func read(_ stream: CoreStream, atMost limit: Int) -> CoreRead {
        if !stream.inbox.isEmpty, limit > 0 {
            let bytes = stream.inbox.take(atMost: limit)
            grantCredit(to: stream, consumed: bytes.count)
            returnWindow(of: stream)
            return .bytes(bytes)
        }
        switch stream.receiving {
        case .reset(let code): return .reset(code)
        case .stopped: return .stopped
        case .finished: return .end
        case .open: return end.map { .ended($0) } ?? .blocked
        }
    }

    /// Stream credit on consumption. A stream that consumed a whole window carries bulk: its window
    /// doubles while the connection's sum has room.
    private func grantCredit(to stream: CoreStream, consumed: Int) {
        guard let packets, !stream.isClosed, stream.receiving == .open else { return }
        var grant = consumed
        stream.consumedInWindow += consumed
        if stream.consumedInWindow >= stream.window,
            stream.window < configuration.maximumStreamWindow
        {
            let growth = min(
                stream.window, configuration.maximumStreamWindow - stream.window,
                configuration.connectionWindow - windowSum)
            stream.consumedInWindow = 0
            if growth > 0 {
                stream.window += growth
                windowSum += growth
                grant += growth
            }
        }
        packets.extendStreamWindow(stream.id, by: grant)
        endpoint?.markReady(self)
    }

    /// Tells the other side that nothing more will be read; what is buffered is dropped.
    package func stopSending(_ stream: CoreStream, code: UInt64) {
        stream.inbox.clear()
        returnWindow(of: stream)
        guard stream.receiving == .open else { return }
        stream.receiving = .stopped
        guard end == nil, !stream.isClosed else { return }
        packets?.stopReading(stream.id, code: code)
        endpoint?.markReady(self)
    }

    // MARK: Writing

    /// Takes as many bytes as fit into what one stream may have unacknowledged.
    package func write(_ stream: CoreStream, _ bytes: Span<UInt8>) -> CoreWrite {
        if let refusal = refusal(of: stream) { return refusal }
        let room = configuration.maximumUnacknowledged - stream.outbox.unacknowledgedCount
        let count = min(room, bytes.count)
        guard count > 0 else { return .taken(0) }
        stream.outbox.append(bytes.extracting(first: count))
        enqueue(stream)
        return .taken(count)
    }

    /// Why nothing can be written any more; nil when it can.
    package func refusal(of stream: CoreStream) -> CoreWrite? {
        switch stream.sending {
        case .stopped(let code): .stopped(code)
        case .finishing, .finished, .reset: .closed
        case .open: end.map { .ended($0) } ?? (stream.isClosed ? .closed : nil)
        }
    }

    /// The code with which the other side gave up its half, when it did so before we stopped
    /// reading it ourselves.
    package func resetCode(of stream: CoreStream) -> UInt64? {
        if case .reset(let code) = stream.receiving { code } else { nil }
    }

    /// No more will be written. Safe to repeat.
    package func finish(_ stream: CoreStream) {
        guard end == nil, stream.sending == .open else { return }
        stream.sending = .finishing
        enqueue(stream)
    }

    /// Gives up our half; what was not acknowledged may never arrive.
    package func reset(_ stream: CoreStream, code: UInt64) {
        switch stream.sending {
        case .reset, .stopped: return
        case .open, .finishing, .finished: break
        }
        guard !stream.isUnidirectional else { return }
        stream.sending = .reset
        guard end == nil, !stream.isClosed else { return }
        packets?.resetWriting(stream.id, code: code)
        endpoint?.markReady(self)
    }

    /// The application lets go of the stream: unread bytes are dropped, an open half is given up with
    /// `code`, and only then the other side may open another one in its place. So a peer that opens
    /// and resets streams cannot make us run more of its requests than its limit says.
    package func release(_ stream: CoreStream, code: UInt64) {
        guard !stream.isReleased else { return }
        stream.isReleased = true
        stream.attachment = nil
        stopSending(stream, code: code)
        if stream.sending == .open { reset(stream, code: code) }
        if stream.isClosed { returnCredit(of: stream) }
    }

    func enqueue(_ stream: CoreStream) {
        if !stream.isQueued {
            stream.isQueued = true
            sendQueue.append(stream)
        }
        endpoint?.markReady(self)
    }

    // MARK: What the library tells

    func streamClosed(_ stream: CoreStream) {
        guard !stream.isClosed else { return }
        stream.isClosed = true
        streams[stream.id] = nil
        returnWindow(of: stream)
        if stream.receiving == .open { stream.receiving = .finished }
        if stream.isReleased {
            returnCredit(of: stream)
        } else {
            noteReadable(stream)
            noteWritable(stream)
        }
    }

    /// A stream's window goes back to the connection when the stream is closed *and* read: until then
    /// it takes the memory that the connection's sum is to bound.
    private func returnWindow(of stream: CoreStream) {
        guard stream.isClosed, stream.inbox.isEmpty, stream.holdsWindow else { return }
        stream.holdsWindow = false
        windowSum -= stream.window
    }

    private func returnCredit(of stream: CoreStream) {
        guard end == nil, stream.isRemote, !stream.isUnidirectional else { return }
        packets?.grantStream()
        endpoint?.markReady(self)
    }

    func received(_ bytes: RawSpan, isEnd: Bool, on stream: CoreStream) {
        // Connection credit on receipt: a stream that nobody reads must not hold up the others.
        packets?.extendConnectionWindow(by: bytes.byteCount)
        guard stream.receiving == .open, !stream.isReleased else { return }
        if bytes.byteCount > 0 { stream.inbox.append(bytes, window: stream.window) }
        if isEnd { stream.receiving = .finished }
        noteReadable(stream)
    }

    func receivedReset(code: UInt64, on stream: CoreStream) {
        // RFC 9000 §3.2: data that was not read yet may be dropped, and so it is.
        stream.inbox.clear()
        if stream.receiving != .stopped { stream.receiving = .reset(code) }
        noteReadable(stream)
    }

    func receivedStopSending(id: UInt64, code: UInt64) {
        guard let stream = streams[id] else { return }
        switch stream.sending {
        case .reset, .stopped: return
        case .open, .finishing, .finished: break
        }
        stream.sending = .stopped(code)
        noteWritable(stream)
    }

    func acknowledged(to offset: UInt64, on stream: CoreStream) {
        let before = stream.outbox.unacknowledgedCount
        stream.outbox.acknowledge(to: offset)
        // Woken when half is free, not for every packet: fewer, larger writes.
        let mark = configuration.maximumUnacknowledged / 2
        if before > mark, stream.outbox.unacknowledgedCount <= mark { noteWritable(stream) }
    }

    /// Whether everything that was written has been acknowledged.
    package func isFlushed(_ stream: CoreStream) -> Bool {
        stream.outbox.unacknowledgedCount == 0
    }
}

extension CoreConnection {
    /// Bytes of the stream that arrived and were not read.
    package func bufferedCount(of stream: CoreStream) -> Int { stream.inbox.count }

    /// Memory that unread bytes of the stream hold, bytes.
    package func storage(of stream: CoreStream) -> Int { stream.inbox.capacity }

    /// Sum of the receive windows that were granted and not given back, bytes.
    package var grantedWindow: Int { windowSum }

    /// Receive window of the stream, bytes.
    package func window(of stream: CoreStream) -> Int { stream.window }
}
