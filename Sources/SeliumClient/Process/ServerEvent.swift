internal import SeliumProtocol

/// Something that happened to a process or a module.
public struct ServerEvent: Sendable, Hashable {
    /// What happened.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A process was started; the detail is what the starter called the module.
        case started
        /// A further incarnation begins.
        case restarted
        /// An incarnation ended; the detail is how.
        case ended
        /// No further incarnation will come; the detail is `exited` or `crashed`.
        case finished
        /// A process was forgotten, with its log.
        case removed
        /// A module got a name; the detail is its digest.
        case moduleNamed = "module-named"
        /// A module lost a name, or was forgotten; the detail is its digest.
        case moduleRemoved = "module-removed"
    }

    /// From 1, in one order over the server, never given twice; not every one is the caller's to see.
    public var index: UInt64
    /// Wall clock of the server, nanoseconds since 1970.
    public var time: Int64
    /// nil for a kind this library does not know.
    public var kind: Kind?
    public var namespace: String
    /// nil for events of modules.
    public var process: UInt64?
    /// 0 where it is about no incarnation.
    public var incarnation: UInt32
    /// Of the process or the module; empty without.
    public var name: String
    public var detail: String

    public init(
        index: UInt64, time: Int64, kind: Kind?, namespace: String, process: UInt64?,
        incarnation: UInt32, name: String, detail: String
    ) {
        self.index = index
        self.time = time
        self.kind = kind
        self.namespace = namespace
        self.process = process
        self.incarnation = incarnation
        self.name = name
        self.detail = detail
    }

    init(_ wire: WireEvent) {
        self.init(
            index: wire.index, time: wire.time, kind: Kind(wire.kind), namespace: wire.namespace,
            process: wire.process == 0 ? nil : wire.process, incarnation: wire.incarnation,
            name: wire.name, detail: wire.detail)
    }
}

extension ServerEvent.Kind {
    fileprivate init?(_ wire: WireEventKind) {
        switch wire {
        case .started: self = .started
        case .restarted: self = .restarted
        case .ended: self = .ended
        case .finished: self = .finished
        case .removed: self = .removed
        case .moduleNamed: self = .moduleNamed
        case .moduleRemoved: self = .moduleRemoved
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

/// Events, the oldest first. Reading goes on where it was after a lost connection, or after a server
/// that was started again.
public struct ServerEvents: AsyncSequence, Sendable {
    /// Where to begin.
    public enum Start: Sendable, Hashable {
        /// With the event of this index, or the next there is; 1 for all that are kept.
        case index(UInt64)
        /// With the first that was written then or later, nanoseconds since 1970.
        case since(Int64)
        /// With the next that comes.
        case end
    }

    let client: SeliumClient
    let start: Start
    let follows: Bool

    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, position: start, follows: follows)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let client: SeliumClient
        var position: Start
        let follows: Bool
        private var events: ArraySlice<ServerEvent> = []
        private var isOver = false

        init(client: SeliumClient, position: Start, follows: Bool) {
            self.client = client
            self.position = position
            self.follows = follows
        }

        /// The next event; nil when there is none and nothing is followed.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ClientError) -> ServerEvent? {
            while events.isEmpty {
                guard !isOver else { return nil }
                // Where "the next one" is has to be known before a connection can be lost.
                let waits = follows && position != .end
                let batch = try await client.readEvents(position, waits: waits)
                position = .index(batch.next)
                events = batch.events[...]
                if batch.events.isEmpty, !follows { isOver = true }
            }
            return events.popFirst()
        }
    }
}

extension SeliumClient {
    /// What happened to processes and modules the caller may see.
    ///
    /// - Parameters:
    ///   - start: where to begin; the oldest that is kept unless told.
    ///   - follows: wait for more, without an end; else those that are kept now.
    public func events(
        from start: ServerEvents.Start = .index(1), follows: Bool = false
    ) -> ServerEvents {
        ServerEvents(client: self, start: start, follows: follows)
    }

    fileprivate func readEvents(
        _ start: ServerEvents.Start, waits: Bool
    ) async throws(ClientError) -> (events: [ServerEvent], next: UInt64) {
        var read = WireReadEvents()
        switch start {
        case .index(let index): read.index = index
        case .since(let time): read.since = time
        case .end: read.end = true
        }
        read.noWait = !waits
        let result = try await ask(.readEvents(read), isLongLived: waits)
        guard case .events(let batch) = result.last else { throw Self.misplaced }
        return (batch.events.map { ServerEvent($0) }, batch.next)
    }
}
