internal import SeliumProtocol

extension SeliumClient {
    /// A process on the server. A handle: it costs nothing to keep, and the process does not care.
    public struct Process: Sendable {
        let client: SeliumClient
        /// Its id, never reused.
        public let id: UInt64
        /// Its name, empty when it has none.
        public let name: String
        private let input: InputLine

        init(_ client: SeliumClient, id: UInt64, name: String, input: InputLine? = nil) {
            self.client = client
            self.id = id
            self.name = name
            self.input = input ?? InputLine(client, id: id)
        }

        /// Its row in the process table.
        ///
        /// - Throws: `notFound` when the server has forgotten it.
        public var status: ProcessStatus {
            get async throws(ClientError) {
                guard let status = try await client.list([.id(id)], includingEnded: true).first
                else {
                    throw ClientError(.notFound, "no process \(id)")
                }
                return status
            }
        }

        /// Waits for its end, after which no incarnation comes; at once when it has ended. Survives
        /// lost connections.
        public var exit: ExitRecord {
            get async throws(ClientError) { try await client.wait(for: .id(id)).exit }
        }

        /// Stops it and waits until it is gone.
        @discardableResult
        public func stop() async throws(ClientError) -> StopOutcome {
            try await client.stop(.id(id)).outcome
        }

        /// Ends it without asking it, and waits until it is gone.
        @discardableResult
        public func kill() async throws(ClientError) -> StopOutcome {
            try await client.kill(.id(id)).outcome
        }

        /// Ends the incarnation that runs, or the wait for the next one, and begins another; its
        /// number, once it has begun.
        ///
        /// - Throws: `failedPrecondition` when it has ended for good or somebody is stopping it.
        @discardableResult
        public func restart() async throws(ClientError) -> UInt32 {
            try await client.restart(.id(id)).incarnation
        }

        /// Has the server forget it and its log. Its id is never given again.
        ///
        /// - Parameter force: kill it first if it has not ended; else that is `failedPrecondition`.
        public func remove(force: Bool = false) async throws(ClientError) {
            _ = try await client.remove(.id(id), force: force)
        }

        /// Its log, record by record; ends when the process has ended and every record was delivered,
        /// or, without `follow`, with the last record there is at that moment.
        ///
        /// A reader is a position: one that is slow slows nobody, and what it missed comes as a gap.
        /// After a lost connection it goes on where it was.
        ///
        /// - Parameters:
        ///   - position: where to begin.
        ///   - streams: which records; empty for all.
        ///   - follow: wait for what comes later.
        public func log(
            from position: LogPosition = .start, streams: [LogStream] = [], follow: Bool = true
        ) -> LogSequence {
            LogSequence(
                follower: LogFollower(
                    client, .attach(.id(id), input: false), position: position, streams: streams,
                    waits: follow))
        }

        /// Attaches to it for the time `body` runs: its log as chunks, and its stdin when `input` is
        /// set (one writer at a time: `failedPrecondition` when it has one).
        public func withAttachment<Value>(
            from position: LogPosition = .start, streams: [LogStream] = [], input: Bool = false,
            _ body: (Attachment) async throws -> Value
        ) async throws -> Value {
            try await client.withAttachment(
                to: .id(id), from: position, streams: streams, input: input, body)
        }

        /// Writes to its stdin; waits while the process does not read.
        ///
        /// The first write makes this handle the one writer (`failedPrecondition` when there is
        /// another), until it and its copies are gone. Returns when the bytes were handed over; they
        /// arrive as long as the handle lives. A process that has ended swallows everything.
        public func write(stdin bytes: [UInt8]) async throws(ClientError) {
            try await input.write(bytes, end: false)
        }

        /// Ends its stdin for good.
        public func endInput() async throws(ClientError) {
            try await input.write([], end: true)
        }
    }
}

extension SeliumClient {
    /// Reads what a process's log holds now, as chunks, for the time `body` runs; with `follow` what
    /// comes later, too, until the process has ended. ``Attachment/exit`` is nil when it has not.
    public func withLog<Value>(
        of reference: ProcessReference, from position: LogPosition = .start,
        streams: [LogStream] = [], follow: Bool = false,
        _ body: (Attachment) async throws -> Value
    ) async throws -> Value {
        try await withFollower(
            LogFollower(
                self, .attach(reference, input: false), position: position, streams: streams,
                waits: follow), body)
    }

    /// Attaches to a process by id or name for the time `body` runs; see
    /// ``Process/withAttachment(from:streams:input:_:)``.
    public func withAttachment<Value>(
        to reference: ProcessReference, from position: LogPosition = .start,
        streams: [LogStream] = [],
        input: Bool = false, _ body: (Attachment) async throws -> Value
    ) async throws -> Value {
        try await withFollower(
            LogFollower(
                self, .attach(reference, input: input), position: position, streams: streams),
            body)
    }

    private func withFollower<Value>(
        _ follower: LogFollower, _ body: (Attachment) async throws -> Value
    ) async throws -> Value {
        try await follower.begin()
        let attachment = Attachment(follower, self)
        do {
            let value = try await body(attachment)
            await attachment.detach()
            return value
        } catch {
            await attachment.detach()
            throw error
        }
    }
}

/// The writing end of a process's stdin: the stream of its start, or one that the first write opens.
actor InputLine {
    private enum State {
        case unopened
        case started(AnswerReader)
        case attached(LogFollower)
    }

    private let client: SeliumClient
    private let id: UInt64
    private var state: State

    init(_ client: SeliumClient, id: UInt64) {
        self.client = client
        self.id = id
        state = .unopened
    }

    /// On the stream of a start that asked for input.
    init(_ client: SeliumClient, id: UInt64, started reader: sending AnswerReader) {
        self.client = client
        self.id = id
        state = .started(reader)
    }

    func write(_ bytes: [UInt8], end: Bool) async throws(ClientError) {
        switch state {
        case .started(let reader):
            let goesOn = try await reader.exchange.send(input: bytes, end: end)
            guard end || !goesOn else { return }
            // The server says when it has taken the last byte.
            while true {
                if case .succeeded = try await reader.next() { break }
            }
            state = .unopened
        case .attached(let follower):
            try await follower.write(bytes, end: end)
        case .unopened:
            let follower = LogFollower(
                client, .attach(.id(id), input: true), position: .tail(0), streams: [.system])
            try await follower.begin()
            state = .attached(follower)
            try await follower.write(bytes, end: end)
        }
    }
}
