internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Follows a process's log to its end, and feeds its stdin when asked to.
    func attach(
        _ attach: WireAttach, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            attach.process, field: "attach.process", in: namespace, for: caller, to: .attach)
        if attach.input { try Authorization.check(.input, for: caller) }
        guard !attach.noFollow || !attach.input else {
            throw RequestError(
                .invalidArgument, "input goes to what is followed", field: "attach.no_follow")
        }
        let filter = try LogFilter(attach.log.streams, field: "attach.log")
        let from = try await position(attach.log, filter, of: status.id)
        let through = attach.noFollow ? try await logPosition(status.id, .end) : nil
        var claim: InputClaim?
        if attach.input {
            claim = try await hosted { () async throws(HostError) in
                try await host.openInput(status.id)
            }
        }
        return try await holding(claim) { () async throws(RequestError) in
            var following = WireFollowing()
            following.process = WireProcessInfo(status)
            following.from = from
            try await scope.beginFollowing(input: claim, on: host)
            try await scope.send(.following(following))
            let end = try await follow(status.id, from: from, filter, upTo: through)
            return try await result(of: status.id, end)
        }
    }

    /// What is said last: the process's end, or how far its log was read.
    private func result(
        of id: ProcessID, _ end: FollowEnd
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        guard case .reached(let next) = end else { return try await self.end(of: id, end) }
        let status = try await hosted { () async throws(HostError) in try await host.status(id) }
        guard status?.state.hasEnded != true else { return try await self.end(of: id, end) }
        var read = WireLogRead()
        read.id = id.rawValue
        read.next = next
        return .logRead(read)
    }

    /// Gives stdin back however the request ends: only a FIN ends it for good.
    func holding<T>(
        _ claim: InputClaim?, _ body: () async throws(RequestError) -> T
    ) async throws(RequestError) -> T {
        do throws(RequestError) {
            let value = try await body()
            if let claim { await host.closeInput(claim) }
            return value
        } catch {
            if let claim { await host.closeInput(claim) }
            throw error
        }
    }

    /// The first sequence the reader gets. Beyond the next one is OUT_OF_RANGE, told before anything
    /// else is.
    func position(
        _ log: WireLogRequest, _ filter: LogFilter, of id: ProcessID
    ) async throws(RequestError) -> UInt64 {
        switch log.start {
        case .from(let sequence)? where sequence > 0:
            let next = try await logPosition(id, .end)
            if sequence > next {
                // The host knows the range to say. Should the log have grown meanwhile, fine.
                _ = try await hosted { () async throws(HostError) in
                    try await host.readLog(id, from: sequence, atMost: 1)
                }
            }
            return sequence
        case .tail(let count)?:
            let start = LogStart(tail: Int(count), streams: filter.streams)
            return try await logPosition(id, start)
        case .since(let wallTime)?: return try await logPosition(id, .since(wallTime))
        case .from?, nil: return try await logPosition(id, .oldest)
        }
    }

    private func logPosition(
        _ id: ProcessID, _ start: LogStart
    ) async throws(RequestError) -> UInt64 {
        try await hosted { () async throws(HostError) in
            try await host.logPosition(id, start)
        }
    }

    /// Sends the log from a position to its end. The reader is nothing but that position: while its
    /// window is full nothing is read for it, and what the log forgets meanwhile is a gap.
    ///
    /// - Parameter through: the log's next record when it is not waited for what comes after; nil to
    ///   follow the process to its end.
    func follow(
        _ id: ProcessID, from start: UInt64, _ filter: LogFilter, upTo through: UInt64? = nil
    ) async throws(RequestError) -> FollowEnd {
        var next = start
        var last: ExitRecord?
        var encoder = LogFrameEncoder(limits: scope.session.configuration.wire)
        let configuration = scope.session.configuration
        let atMost = configuration.logRead
        while true {
            // Neither a log that has always more nor a write that finds room notices a cancel.
            guard !Task.isCancelled else { throw .cancelled }
            if let through, next >= through { return .reached(next) }
            let position = next
            let batch = try await hosted { () async throws(HostError) in
                try await host.readLog(id, from: position, atMost: atMost)
            }
            // While there is no room the batch is dropped: the reader is its position, and comes again.
            let size = batch.items.reduce(configuration.wire.bulkFrame) { $0 + $1.heldBytes }
            guard await scope.reserve(size, isBulk: true) else {
                try await scope.pause()
                continue
            }
            defer { scope.changeHeld(by: -size) }
            for item in batch.items {
                switch item {
                case .chunk(let chunk):
                    if case .system(.ended(let record)) = chunk.content { last = record }
                    guard filter.passes(chunk) else { continue }
                    if let full = encoder.append(LogEntry(chunk, for: caller.role)) {
                        try await scope.send(full)
                    }
                case .gap(let gap):
                    if let rest = encoder.flush() { try await scope.send(rest) }
                    try await scope.send(.gap(WireGap(gap)))
                }
            }
            if let rest = encoder.flush() { try await scope.send(rest) }
            if batch.isEnd { return .ended(last) }
            guard batch.next > next || batch.items.isEmpty else {
                throw RequestError(.internal, "the log does not go on")
            }
            next = batch.next
        }
    }
}

/// Why following a log ended.
enum FollowEnd: Sendable {
    /// So did the log; the last end that is in it.
    case ended(ExitRecord?)
    /// What was there has been sent; the position behind it.
    case reached(UInt64)
}
