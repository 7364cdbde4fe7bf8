internal import DequeModule
public import SeliumABI

/// What the handles of one process denote.
///
/// Places are used again in the order in which they were given back, each time under another
/// generation, so that a number that is not valid any more is found out; a place whose generations are
/// used up is never used again.
public struct HandleTable<Target: Sendable>: Sendable {
    private struct Slot {
        var generation: UInt32
        var target: Target?
    }

    private var slots: [Slot] = []
    private var free = Deque<UInt32>()
    private let capacity: Int

    /// Handles that are open.
    public private(set) var count = 0

    /// An empty table.
    ///
    /// - Parameter capacity: how many may be open at once.
    public init(capacity: Int = Limits.handles) { self.capacity = capacity }

    /// A new handle; nil when as many as allowed are open.
    public mutating func open(_ target: Target) -> GuestHandle? {
        guard count < capacity else { return nil }
        if let index = free.popFirst() {
            slots[Int(index)].target = target
            count += 1
            return GuestHandle(index: index, generation: slots[Int(index)].generation)
        }
        // Places whose generations are used up count here, a few bytes each: for every one of them the
        // process has opened four thousand handles.
        guard let handle = GuestHandle(index: UInt32(clamping: slots.count), generation: 1) else {
            return nil
        }
        slots.append(Slot(generation: 1, target: target))
        count += 1
        return handle
    }

    /// What a number from a guest denotes; nil for one that is none, stale, or closed.
    public func target(_ number: UInt32) -> Target? {
        guard let handle = GuestHandle(rawValue: number), Int(handle.index) < slots.count else {
            return nil
        }
        let slot = slots[Int(handle.index)]
        return slot.generation == handle.generation ? slot.target : nil
    }

    /// Closes a handle; what it denoted, nil when it was not open.
    public mutating func close(_ number: UInt32) -> Target? {
        guard let target = target(number), let handle = GuestHandle(rawValue: number) else {
            return nil
        }
        let index = Int(handle.index)
        slots[index].target = nil
        slots[index].generation += 1
        if slots[index].generation <= GuestHandle.lastGeneration { free.append(handle.index) }
        count -= 1
        return target
    }
}
