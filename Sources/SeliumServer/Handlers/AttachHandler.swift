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
        let filter = try LogFilter(attach.log.streams, field: "attach.log")
        let from = try await position(attach.log, filter, of: status.id)
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
            let last = try await follow(status.id, from: from, filter)
            return try await end(of: status.id, logged: last)
        }
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
            let next = try await logPosition(id, tail: 0, filter)
            if sequence > next {
                // The host knows the range to say. Should the log have grown meanwhile, fine.
                _ = try await hosted { () async throws(HostError) in
                    try await host.readLog(id, from: sequence, atMost: 1)
                }
            }
            return sequence
        case .tail(let count)?: return try await logPosition(id, tail: Int(count), filter)
        case .from?, nil: return try await logPosition(id, tail: nil, filter)
        }
    }

    private func logPosition(
        _ id: ProcessID, tail: Int?, _ filter: LogFilter
    ) async throws(RequestError) -> UInt64 {
        try await hosted { () async throws(HostError) in
            try await host.logPosition(id, tail: tail, streams: filter.streams)
        }
    }

    /// Sends the log from a position to its end. The reader is nothing but that position: while its
    /// window is full nothing is read for it, and what the log forgets meanwhile is a gap. Returns the
    /// last end that is in it.
    func follow(
        _ id: ProcessID, from start: UInt64, _ filter: LogFilter
    ) async throws(RequestError) -> ExitRecord? {
        var next = start
        var last: ExitRecord?
        var encoder = LogFrameEncoder(limits: scope.session.configuration.wire)
        let configuration = scope.session.configuration
        let atMost = configuration.logRead
        while true {
            // Neither a log that has always more nor a write that finds room notices a cancel.
            guard !Task.isCancelled else { throw .cancelled }
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
            if batch.isEnd { return last }
            guard batch.next > next || batch.items.isEmpty else {
                throw RequestError(.internal, "the log does not go on")
            }
            next = batch.next
        }
    }
}
