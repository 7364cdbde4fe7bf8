/// Deadlines in order, each removable by its id: a binary heap that knows where everything is.
///
/// Removal is real, not a mark: a guest that waits again and again with a long timeout that never
/// strikes must not make it grow.
struct TimerHeap<Payload> {
    private struct Entry {
        var deadline: UInt64
        var id: UInt64
        var payload: Payload
    }

    private var entries: [Entry] = []
    private var places: [UInt64: Int] = [:]

    var count: Int { entries.count }
    var next: UInt64? { entries.first?.deadline }

    /// `id` must be new.
    mutating func insert(_ id: UInt64, at deadline: UInt64, _ payload: Payload) {
        entries.append(Entry(deadline: deadline, id: id, payload: payload))
        places[id] = entries.count - 1
        siftUp(entries.count - 1)
    }

    /// Takes one out before its time; nil when it is not there any more.
    @discardableResult
    mutating func remove(_ id: UInt64) -> Payload? {
        guard let place = places[id] else { return nil }
        return remove(place: place)
    }

    /// The earliest one that is due at `now`.
    mutating func popDue(_ now: UInt64) -> Payload? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        return remove(place: 0)
    }

    private mutating func remove(place: Int) -> Payload {
        let last = entries.count - 1
        if place != last { swap(place, last) }
        let entry = entries.removeLast()
        places[entry.id] = nil
        if place != last {
            siftDown(place)
            siftUp(place)
        }
        return entry.payload
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        entries.swapAt(a, b)
        places[entries[a].id] = a
        places[entries[b].id] = b
    }

    private mutating func siftUp(_ place: Int) {
        var place = place
        while place > 0 {
            let parent = (place - 1) / 2
            guard entries[place].deadline < entries[parent].deadline else { return }
            swap(place, parent)
            place = parent
        }
    }

    private mutating func siftDown(_ place: Int) {
        var place = place
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < entries.count {
                if entries[child].deadline < entries[least].deadline { least = child }
            }
            guard least != place else { return }
            swap(place, least)
            place = least
        }
    }
}
