package import SeliumHosting
package import SeliumKernel

extension InMemoryProcessHost {
    package func events(
        from start: EventStart, in namespaces: Set<Namespace>?, atMost: Int, isOnce: Bool
    ) async throws(HostError) -> EventBatch {
        let from = try world.withLock { (world) throws(HostError) -> UInt64 in
            try world.failIfTold()
            let last = UInt64(world.events.count)
            switch start {
            case .index(let index):
                guard index <= last + 1 else {
                    throw HostError(.outOfRange, "the last event is \(last)")
                }
                return index
            case .end: return last + 1
            case .since(let time):
                return world.events.first { event in
                    event.time >= time && namespaces?.contains(event.namespace) ?? true
                }?.index ?? last + 1
            }
        }
        return try await world.wait(for: .events) { (world, _) throws(HostError) -> EventBatch? in
            let found = world.events.filter { event in
                event.index >= from && namespaces?.contains(event.namespace) ?? true
            }.prefix(max(1, atMost))
            guard let last = found.last else {
                return isOnce
                    ? EventBatch(events: [], next: max(from, UInt64(world.events.count) + 1)) : nil
            }
            return EventBatch(events: Array(found), next: last.index + 1)
        }
    }
}
