/// Deadlines of all slots of an endpoint, earliest first: a binary heap that knows where everything
/// is, with one entry for each slot at most.
///
/// Moving is real, not a second entry: an idle connection that is talked to now and then arms a short
/// timer and its long one again and again, and must not make the heap grow.
package struct TimerHeap {
    private struct Entry {
        var deadline: UInt64
        var slot: Int
    }

    private static let nowhere = -1

    private var entries: [Entry] = []
    /// Where the entry of each slot is.
    private var places: [Int] = []

    /// An empty one.
    package init() {}

    /// When the first one is due.
    package var earliest: UInt64? { entries.first?.deadline }
    /// Slots that have a deadline.
    package var count: Int { entries.count }

    /// Gives the slot this deadline in place of the one it had. Slots are places in a table: counted
    /// from 0, without gaps.
    package mutating func set(_ slot: Int, to deadline: UInt64) {
        while places.count <= slot { places.append(Self.nowhere) }
        let place = places[slot]
        if place == Self.nowhere {
            places[slot] = entries.count
            entries.append(Entry(deadline: deadline, slot: slot))
            siftUp(entries.count - 1)
        } else {
            entries[place].deadline = deadline
            settle(place)
        }
    }

    /// The slot has no deadline any more; nothing happens when it had none.
    package mutating func remove(_ slot: Int) {
        guard places.indices.contains(slot), places[slot] != Self.nowhere else { return }
        remove(place: places[slot])
    }

    /// Takes out the earliest slot whose time has come.
    package mutating func popDue(now: UInt64) -> Int? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        remove(place: 0)
        return first.slot
    }

    private mutating func remove(place: Int) {
        let last = entries.count - 1
        if place != last { exchange(place, last) }
        places[entries.removeLast().slot] = Self.nowhere
        if place != last { settle(place) }
    }

    private mutating func settle(_ place: Int) {
        siftDown(place)
        siftUp(place)
    }

    private mutating func siftUp(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard entries[place].deadline < entries[parent].deadline else { return }
            exchange(place, parent)
            place = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        while true {
            var least = place
            var child = 2 * place + 1
            let end = min(child + 2, entries.count)
            while child < end {
                if entries[child].deadline < entries[least].deadline { least = child }
                child += 1
            }
            guard least != place else { return }
            exchange(place, least)
            place = least
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        entries.swapAt(one, other)
        places[entries[one].slot] = one
        places[entries[other].slot] = other
    }
}
