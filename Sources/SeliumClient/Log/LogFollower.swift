internal import SeliumProtocol

/// Follows one process's log by position, over as many connections as it takes. It may begin with the
/// start of the process, so that nothing lies between the two.
actor LogFollower {
    /// What opens the stream.
    enum Opening: Sendable {
        case start(StartCall)
        case attach(ProcessReference, input: Bool)
    }

    private enum Phase {
        case idle
        case open(AnswerReader)
        case ended
    }

    private let client: SeliumClient
    private let opening: Opening
    private let streams: [LogStream]
    /// Whether what comes later is waited for.
    private let waits: Bool
    private var position: LogPosition
    private var phase = Phase.idle
    private var retries: Retries
    private var isBeginning = false
    /// The connection was lost with input under way: nobody knows how much of it arrived.
    private var hasLostInput = false
    /// Known once the stream is open.
    private(set) var id: UInt64?
    private(set) var name = ""
    /// What the start gave.
    private(set) var report: StartReport?
    /// Once the log has ended.
    private(set) var exit: ExitRecord?

    /// - Parameter waits: false for what there is, and no more.
    init(
        _ client: SeliumClient, _ opening: Opening, position: LogPosition, streams: [LogStream],
        waits: Bool = true
    ) {
        self.client = client
        self.opening = opening
        self.position = position
        self.streams = streams
        self.waits = waits
        retries = Retries(client.context.reconnection)
    }

    /// Opens the stream and waits until the server follows; nothing when it does already.
    func begin() async throws(ClientError) {
        guard case .idle = phase, !isBeginning else { return }
        isBeginning = true
        defer { isBeginning = false }
        while true {
            do {
                return try await open()
            } catch {
                try await pause(after: error)
            }
        }
    }

    /// The next items, in order; nil when the process has ended and all was delivered.
    func nextBatch() async throws(ClientError) -> [LogItem]? {
        while true {
            switch phase {
            case .ended: return nil
            case .idle: try await begin()
            case .open(let reader):
                do {
                    if let items = try await read(reader) { return items }
                } catch {
                    phase = .idle
                    guard id != nil else { throw error }
                    if takesInput { hasLostInput = true }
                    try await pause(after: error)
                }
            }
        }
    }

    /// Writes to stdin.
    func write(_ bytes: [UInt8], end: Bool) async throws(ClientError) {
        guard !hasLostInput else {
            throw ClientError(
                .connectionLost, "the connection was lost; how much of the input arrived is unknown"
            )
        }
        switch phase {
        // What a process does not read any more is swallowed, as a terminal would.
        case .ended: return
        case .idle: throw ClientError(.failedPrecondition, "nothing is attached")
        case .open(let reader):
            _ = try await reader.exchange.send(input: bytes, end: end)
        }
    }

    /// Lets go; the process goes on.
    func abandon() {
        if case .open(let reader) = phase { reader.exchange.abandon() }
        phase = .ended
    }

    private var takesInput: Bool {
        switch opening {
        case .start(let call): call.options.takesInput
        case .attach(_, let input): input
        }
    }

    private func pause(after error: ClientError) async throws(ClientError) {
        var copy = retries
        defer { retries = copy }
        let isStart = if case .start = opening, id == nil { true } else { false }
        try await copy.pause(after: error, isFollowing: !isStart)
    }

    // MARK: Opening

    private func open() async throws(ClientError) {
        switch opening {
        case .start(let call) where id == nil: try await openStart(call)
        case .attach(let reference, let input):
            try await openAttach(reference, input && !hasLostInput)
        case .start: try await openAttach(.id(id ?? 0), false)
        }
    }

    private func openStart(_ call: StartCall) async throws(ClientError) {
        let (reader, report) = try await call.begin(client, follow: position.wire(streams))
        self.report = report
        id = report.id
        name = call.options.name ?? ""
        phase = .open(reader)
    }

    private func openAttach(_ reference: ProcessReference, _ input: Bool) async throws(ClientError)
    {
        let reference = id.map { .id($0) } ?? reference
        var attach = WireAttach()
        attach.process = reference.wire
        attach.log = position.wire(streams)
        attach.input = input
        attach.noFollow = !waits
        let request = client.request(
            .attach(attach), namespace: reference.namespace, changesSomething: false)
        let lease = try await client.context.lease(isLongLived: true, resumes: id != nil)
        let reader = AnswerReader(
            try await Exchange.begin(request, on: lease, client.context),
            call: .attach(input: input, isOnce: !waits))
        while true {
            switch try await reader.next() {
            case .following(let following):
                id = following.process.id
                name = following.process.name
                if case .sequence = position {
                } else {
                    position = .sequence(max(following.from, 1))
                }
                phase = .open(reader)
                return
            case .succeeded(.ended(let ended)):
                finish(ended)
                return
            case .succeeded(.logRead):
                phase = .ended
                return
            default: break
            }
        }
    }

    // MARK: Reading

    private func read(_ reader: AnswerReader) async throws(ClientError) -> [LogItem]? {
        switch try await reader.next() {
        case .log(let bytes):
            return try items(bytes, reader)
        case .gap(let gap):
            position = .sequence(gap.through &+ 1)
            return [.gap(LogGap(gap))]
        case .succeeded(.ended(let ended)):
            finish(ended)
            return nil
        case .succeeded(.logRead):
            phase = .ended
            return nil
        default:
            return []
        }
    }

    private func items(_ bytes: [UInt8], _ reader: AnswerReader) throws(ClientError) -> [LogItem] {
        var decoder = LogEntryDecoder(bytes)
        var items: [LogItem] = []
        while let entry = try next(&decoder, reader) {
            let from: UInt64 = if case .sequence(let sequence) = position { sequence } else { 0 }
            guard entry.last >= from else { continue }
            position = .sequence(entry.last &+ 1)
            retries.gotOn()
            switch LogStream(rawValue: entry.stream) {
            case .stdout?, .stderr?, .structured?:
                if let chunk = LogChunk(entry).dropping(before: from) {
                    items.append(.chunk(chunk))
                }
            case .system?:
                let record = try reader.systemRecord(entry.bytes)
                items.append(
                    .system(SystemRecord(record, sequence: entry.first, wallTime: entry.wallTime)))
            case nil: continue
            }
        }
        return items
    }

    private func next(
        _ decoder: inout LogEntryDecoder, _ reader: AnswerReader
    ) throws(ClientError) -> LogEntry? {
        do { return try decoder.next() } catch { throw reader.exchange.refuse(error) }
    }

    private func finish(_ ended: WireEnded) {
        if id == nil { id = ended.id }
        exit = ExitRecord(ended.exit)
        phase = .ended
    }
}

extension LogChunk {
    fileprivate init(_ entry: LogEntry) {
        self.init(
            first: entry.first, count: entry.count,
            stream: LogStream(rawValue: entry.stream) ?? .stdout,
            wallTime: entry.wallTime, monotonicTime: entry.monotonicTime,
            isPartial: entry.isPartial,
            bytes: entry.bytes)
    }
}
