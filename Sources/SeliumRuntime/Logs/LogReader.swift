import SeliumHosting
import SeliumKernel

/// Reads logs, wherever their records are: what is new in memory, what is older on disk.
struct LogReader: Sendable {
    /// What one look at the memory gave.
    private enum Found: Sendable {
        case batch(LogBatch)
        /// Memory begins behind what is wanted.
        case older(UInt64)
    }

    let logs: LogMonitor
    /// nil: all there is is in memory.
    let store: LogStore?

    /// Records from `from` on, about `atMost` bytes; waits for them. Fails with `outOfRange` beyond
    /// the next record, and with `notFound` for an unknown id.
    func records(_ id: ProcessID, from: UInt64, atMost: Int) async throws(HostError) -> LogBatch {
        let position = from > 0 ? from : try oldest(id)
        // Where memory began when the disk was asked, and had nothing.
        var asked: UInt64?
        while true {
            let known = asked
            let found = try await logs.wait(for: id) { (shelf, _) throws(HostError) -> Found? in
                try look(id, position, atMost, known, shelf)
            }
            switch found {
            case .batch(let batch): return batch
            case .older(let memory):
                let batch = await store?.read(id, from: position, before: memory, atMost: atMost)
                if let batch { return batch }
                asked = memory
            }
        }
    }

    private func look(
        _ id: ProcessID, _ position: UInt64, _ atMost: Int, _ asked: UInt64?, _ shelf: LogShelf
    ) throws(HostError) -> Found? {
        guard let range = shelf.range(id) else { throw .noProcess(id) }
        guard position - 1 <= range.last else { throw outOfRange(position, id, range) }
        if store != nil, position < range.oldest, range.oldest != asked {
            return .older(range.oldest)
        }
        let batch = try hosted { () throws(KernelError) in
            try shelf.read(id, from: position, atMost: atMost)
        }
        return batch.map { .batch($0) }
    }

    private func outOfRange(_ position: UInt64, _ id: ProcessID, _ range: LogRange) -> HostError {
        var range = range
        range.oldest = min(range.oldest, store?.oldest(id) ?? range.oldest)
        return HostError(
            KernelError(
                .outOfRange(range),
                "record \(position) does not exist, the last one is \(range.last)"))
    }

    /// The oldest record that is kept anywhere.
    private func oldest(_ id: ProcessID) throws(HostError) -> UInt64 {
        guard let memory = logs.withLock({ $0.oldest(id) }) else { throw .noProcess(id) }
        return min(memory, store?.oldest(id) ?? memory)
    }

    /// Where a reader begins. Fails with `notFound` for an unknown id.
    func position(_ id: ProcessID, _ start: LogStart) async throws(HostError) -> UInt64 {
        let oldest = try oldest(id)
        let found = logs.withLock { shelf -> (position: UInt64, missing: UInt64, memory: UInt64)? in
            guard let position = shelf.position(id, start), let memory = shelf.oldest(id) else {
                return nil
            }
            guard case .last(let count, let streams) = start else { return (position, 0, memory) }
            return (position, shelf.tail(id, count, streams: streams)?.missing ?? 0, memory)
        }
        guard let (position, missing, memory) = found else { throw .noProcess(id) }
        guard memory > oldest, let store else { return position }
        switch start {
        case .oldest: return oldest
        case .end: return position
        case .last(_, let streams):
            guard missing > 0 else { return position }
            return await store.tail(id, missing, streams: streams, before: memory) ?? position
        case .since(let wallTime):
            return await store.position(id, since: wallTime, before: memory) ?? position
        }
    }
}
