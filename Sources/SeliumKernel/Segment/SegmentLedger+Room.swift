internal import DequeModule

extension SegmentLedger {
    /// What has to happen for a log, and its namespace, to be within bounds.
    public struct Room: Sendable, Hashable {
        /// Unlink these; the books know already.
        public var delete: [SegmentFile] = []
        /// Close the files these processes write to, say `closed`, and ask again: living processes
        /// hold too much in segments that are not full.
        public var close: [ProcessID] = []

        /// Whether nothing has to happen.
        public var isEmpty: Bool { delete.isEmpty && close.isEmpty }
    }

    /// What has to go now that this process has written. Call it after `began`, and when `wrote` says
    /// so.
    public mutating func makeRoom(for id: ProcessID, now: Int64) -> Room {
        guard let namespace = entries[id]?.namespace else { return Room() }
        var room = Room()
        trim(id, now: now, &room)
        makeRoom(in: namespace, writing: id, &room)
        return room
    }

    /// What has to go in all namespaces; for the start, and now and then where ages count.
    public mutating func makeRoom(now: Int64) -> Room {
        var room = Room()
        for id in entries.keys.sorted() { trim(id, now: now, &room) }
        for namespace in areas.keys.sorted(by: { $0.name < $1.name }) {
            makeRoom(in: namespace, writing: nil, &room)
        }
        return room
    }

    /// What one process may keep.
    private mutating func trim(_ id: ProcessID, now: Int64, _ room: inout Room) {
        while let entry = entries[id], let oldest = entry.closed.first {
            let isOld =
                entry.retention.age.map { Self.age(oldest.latestWallTime, now: now) > $0 } ?? false
            // Room for what the open segment may become, so that the bound holds until the next.
            let size = entry.retention.segmentSize
            let growth = entry.active.map { size - min(size, $0.bytes) } ?? 0
            guard isOld || entry.bytes + growth > entry.retention.bytes else { return }
            // Whoever reads an ended log reads it to its end.
            guard !(entry.hasEnded && entry.readers > 0) else { return }
            deleteOldest(of: id, &room)
        }
    }

    private mutating func makeRoom(
        in namespace: Namespace, writing: ProcessID?, _ room: inout Room
    ) {
        if bytes(in: namespace) > namespaceBytes {
            endedLoseTheirs(in: namespace, &room)
            livingLoseTheirOldest(in: namespace, &room)
            closeIdle(in: namespace, writing: writing, &room)
        }
        // Who reads may hold more than there should be: judged again after a step, not a write.
        let held = bytes(in: namespace)
        let beyond = held > namespaceBytes ? held + step : namespaceBytes
        areas[namespace]?.judgeBeyond = beyond
    }

    /// How far below its bound a namespace is brought, bytes: so that not every write looks at all.
    private var step: UInt64 { min(1 << 20, namespaceBytes / 16) }

    private func isTooMuch(_ namespace: Namespace) -> Bool {
        bytes(in: namespace) > namespaceBytes - step
    }

    private mutating func endedLoseTheirs(in namespace: Namespace, _ room: inout Room) {
        var read: [ProcessID] = []
        while isTooMuch(namespace),
            let id = areas[namespace]?.ended.popFirst()
        {
            guard entries[id]?.readers == 0 else {
                read.append(id)
                continue
            }
            while entries[id]?.closed.isEmpty == false { deleteOldest(of: id, &room) }
        }
        areas[namespace]?.ended.prepend(contentsOf: read)
    }

    private mutating func livingLoseTheirOldest(in namespace: Namespace, _ room: inout Room) {
        guard isTooMuch(namespace), let members = areas[namespace]?.members else {
            return
        }
        // Every closed segment with its age in the order of the log: sorted once, whatever there is
        // to delete.
        var oldest: [(serial: UInt64, id: ProcessID)] = []
        for id in members where entries[id]?.hasEnded == false {
            var serial: UInt64 = 0
            for segment in entries[id]?.closed ?? [] {
                serial = max(serial, segment.serial)
                oldest.append((serial, id))
            }
        }
        oldest.sort { ($0.serial, $0.id) < ($1.serial, $1.id) }
        for (_, id) in oldest {
            guard isTooMuch(namespace) else { return }
            deleteOldest(of: id, &room)
        }
    }

    /// The segments that were not written for the longest time, as many as are too much.
    private func closeIdle(in namespace: Namespace, writing: ProcessID?, _ room: inout Room) {
        let held = bytes(in: namespace)
        var excess = held - min(held, namespaceBytes - step)
        guard excess > 0 else { return }
        let idle = (areas[namespace]?.members ?? []).compactMap { id in
            entries[id]?.active.map { (serial: $0.serial, id: id, bytes: $0.bytes) }
        }.filter { $0.id != writing }.sorted { $0.serial < $1.serial }
        for segment in idle {
            guard excess > 0 else { return }
            room.close.append(segment.id)
            excess -= min(excess, segment.bytes)
        }
    }

    private mutating func deleteOldest(of id: ProcessID, _ room: inout Room) {
        guard let segment = entries[id]?.closed.popFirst(), let namespace = entries[id]?.namespace
        else { return }
        entries[id]?.bytes -= segment.bytes
        areas[namespace]?.bytes -= segment.bytes
        room.delete.append(SegmentFile(process: id, firstSequence: segment.first))
    }
}
