internal import HeapModule

/// Deadlines of all connections of an endpoint, earliest first.
///
/// Lazy: an entry whose connection has moved on is dropped when it comes up. A connection adds an
/// entry only for a deadline before the one it has, so that a timer which moves later with every
/// packet costs nothing.
struct TimerHeap {
    struct Entry: Comparable {
        let deadline: UInt64
        let slot: Int
        let generation: UInt64

        static func < (left: Entry, right: Entry) -> Bool { left.deadline < right.deadline }
    }

    private var heap = Heap<Entry>()

    var earliest: UInt64? { heap.min?.deadline }
    var count: Int { heap.count }

    mutating func insert(_ entry: Entry) {
        heap.insert(entry)
    }

    /// The earliest entry whose time has come.
    mutating func popDue(now: UInt64) -> Entry? {
        guard let first = heap.min, first.deadline <= now else { return nil }
        return heap.popMin()
    }
}
