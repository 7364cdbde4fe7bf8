/// What is attached to a process: its log, item by item, and its stdin.
///
/// The sequence ends when the process has ended and everything was delivered; one task may iterate.
/// Letting go of it leaves the process alone.
public struct Attachment: AsyncSequence, Sendable {
    public typealias Element = LogItem

    private let follower: LogFollower
    private let client: SeliumClient

    init(_ follower: LogFollower, _ client: SeliumClient) {
        self.follower = follower
        self.client = client
    }

    /// What is followed.
    public var process: SeliumClient.Process {
        get async {
            SeliumClient.Process(client, id: await follower.id ?? 0, name: await follower.name)
        }
    }

    /// What the start gave; nil when the process was there before.
    public var report: StartReport? { get async { await follower.report } }

    /// The process's end, once the sequence has ended.
    public var exit: ExitRecord? { get async { await follower.exit } }

    /// Writes to the process's stdin; waits while it does not read.
    ///
    /// - Throws: `failedPrecondition` when it was not attached with input, `connectionLost` when it is
    ///   unknown how much arrived.
    public func write(stdin bytes: [UInt8]) async throws(ClientError) {
        try await follower.write(bytes, end: false)
    }

    /// Ends the process's stdin for good.
    public func endInput() async throws(ClientError) {
        try await follower.write([], end: true)
    }

    /// Lets go of the process now. The sequence ends.
    public func detach() async { await follower.abandon() }

    public func makeAsyncIterator() -> Iterator { Iterator(follower: follower) }

    /// See ``Attachment``.
    public struct Iterator: AsyncIteratorProtocol {
        let follower: LogFollower
        private var batch: [LogItem] = []
        private var index = 0

        init(follower: LogFollower) { self.follower = follower }

        /// The next item, nil at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ClientError) -> LogItem? {
            while index >= batch.count {
                guard let more = try await follower.nextBatch() else { return nil }
                batch = more
                index = 0
            }
            defer { index += 1 }
            return batch[index]
        }
    }
}

/// A process's log, record by record.
///
/// It ends when the process has ended and every record was delivered. Records that only mark the begin
/// or end of an incarnation are left out: ``SeliumClient/Process/exit`` tells the end. One task may
/// iterate.
public struct LogSequence: AsyncSequence, Sendable {
    public typealias Element = LogRecord

    let follower: LogFollower

    public func makeAsyncIterator() -> Iterator { Iterator(items: .init(follower: follower)) }

    /// See ``LogSequence``.
    public struct Iterator: AsyncIteratorProtocol {
        private var items: Attachment.Iterator
        private var lines: [LogLine] = []
        private var index = 0

        init(items: Attachment.Iterator) { self.items = items }

        /// The next record, nil at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ClientError) -> LogRecord? {
            while true {
                if index < lines.count {
                    defer { index += 1 }
                    return lines[index].asRecord
                }
                switch try await items.next(isolation: actor) {
                case .chunk(let chunk)?:
                    lines = chunk.lines
                    index = 0
                case .system(let record)?:
                    if !record.isLifecycle { return .system(record) }
                case .gap(let gap)?: return .gap(gap)
                case nil: return nil
                }
            }
        }
    }
}
