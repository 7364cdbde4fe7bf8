public import SeliumHosting
public import SeliumKernel

extension Runtime {
    public func events(
        from start: EventStart, in namespaces: Set<Namespace>?, atMost: Int, isOnce: Bool
    ) async throws(HostError) -> EventBatch {
        var next = try await position(start, namespaces)
        while true {
            // Looked at before the rows are: what comes in between is waited for, not missed.
            let seen = state.eventMarks.withLock { $0.last }
            let from = next
            let found = await state.read { database in
                try database.events(from: from, in: namespaces, atMost: max(1, atMost))
            }
            guard let found else { throw Self.unreadable }
            if let last = found.last {
                return EventBatch(events: found, next: last.index + 1)
            }
            next = max(next, seen + 1)
            guard !isOnce else { return EventBatch(events: [], next: UInt64(clamping: next)) }
            try await waitForEvents(after: seen, in: namespaces)
        }
    }

    private static let unreadable = HostError(
        .unavailable, "the server's state cannot be read", isRetryable: true)

    /// The index to begin with.
    private func position(
        _ start: EventStart, _ namespaces: Set<Namespace>?
    ) async throws(HostError) -> Int64 {
        let last = state.eventMarks.withLock { $0.last }
        switch start {
        case .index(let index):
            let wanted = Int64(clamping: index)
            guard wanted <= last + 1 else {
                throw HostError(
                    .outOfRange, "event \(index) does not exist, the last one is \(last)")
            }
            return wanted
        case .end: return last + 1
        case .since(let time):
            let found = await state.read { database in
                try database.firstEvent(since: time, in: namespaces) ?? last + 1
            }
            guard let found else { throw Self.unreadable }
            return found
        }
    }

    private func waitForEvents(
        after index: Int64, in namespaces: Set<Namespace>?
    ) async throws(HostError) {
        let single = namespaces.flatMap { $0.count == 1 ? $0.first : nil }
        let key = single.map { EventMarks.Key.namespace($0) } ?? .all
        _ = try await state.eventMarks.wait(for: key) { (marks, _) throws(HostError) -> Bool? in
            // Whoever ends the waits looks here.
            if let single { marks.newest[single, default: 0] += 0 }
            if marks.hasMore(than: index, in: namespaces) { return true }
            guard !marks.isClosed else { throw Self.isClosed }
            return nil
        }
    }
}
