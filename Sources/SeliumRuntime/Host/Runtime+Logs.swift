public import SeliumHosting
public import SeliumKernel

// A log is in two places: what is new in memory, what is older on disk.
extension Runtime {
    public func readLog(
        _ id: ProcessID, from: UInt64, atMost: Int
    ) async throws(HostError) -> LogBatch {
        let now = clock.monotonic()
        let (hasEnded, isHeld) = try world.withLock { (world) throws(HostError) in
            guard world.table.isVisible(id) else { throw .noProcess(id) }
            let hasEnded = world.table.hasEnded(id)
            if hasEnded { world.table.wasRead(id, now: now) }
            return (hasEnded, world.hold(id))
        }
        defer { if isHeld { world.withLock { $0.release(id) } } }
        if keepsUnreadRecords { wasRead(id, before: from) }
        let batch = try await reader.records(id, from: from, atMost: atMost)
        if batch.isEnd, hasEnded || isHeld {
            world.withLock { $0.table.wasReadToEnd(id) }
        } else if isHeld {
            // It may end before its reader, which has something to send first, comes again.
            let now = clock.monotonic()
            world.withLock { $0.table.wasRead(id, now: now) }
        }
        return batch
    }

    /// The one viewer comes back for more: what it has makes room for what its process writes.
    private func wasRead(_ id: ProcessID, before position: UInt64) {
        logs.withLock { $0.wasRead(id, before: position) }
        world.withLock { $0.homes[id]?.output }?.roomWasMade()
    }

    public func logPosition(
        _ id: ProcessID, _ start: LogStart
    ) async throws(HostError) -> UInt64 {
        try world.withLock { (world) throws(HostError) in
            guard world.table.isVisible(id) else { throw .noProcess(id) }
        }
        return try await reader.position(id, start)
    }

    private var reader: LogReader { LogReader(logs: logs, store: logStore) }
}
