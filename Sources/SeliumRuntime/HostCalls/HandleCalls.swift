import SeliumABI
import SeliumKernel
import SeliumWasm

/// `selium_handle`: what can be done with every handle. Having one is what it takes.
enum HandleCalls {
    static let module = "selium_handle"

    /// Those that take a place in the guest's memory.
    static let memoryCalls: Set<String> = ["poll"]

    static var functions: [HostFunction] {
        [
            GroupCalls.waiting("selium_handle", "poll", [.i32, .i32, .i64, .i32]) {
                call, context throws(MemoryFault) in
                try HandlePoll.begin(call, context)
            },
            GroupCalls.immediate("selium_handle", "close", [.i32]) { call, context in
                context.process.handles.close(call.u32(0)) ? .success : .badDescriptor
            },
        ]
    }
}

/// Waits for the first of handles and descriptors of WASI.
struct HandlePoll: Sendable {
    private struct Entry: Sendable {
        var number: UInt32
        var wanted: PollEvents
    }

    private enum Patience: Sendable {
        case none
        case until(UInt64)
        case forEver
    }

    private let guest: Guest
    private let context: GuestContext
    private let entries: [Entry]
    /// Where the guest has its entries.
    private let place: UInt32
    /// Where it wants the number of those that are ready.
    private let count: UInt32
    private let patience: Patience

    /// An entry: u32 handle or descriptor, u16 what is asked, u16 the answer.
    private static let entrySize: UInt32 = 8

    /// Reads the entries and waits for them.
    static func begin(
        _ call: borrowing GuestCall, _ context: GuestContext
    ) throws(MemoryFault) -> HostResult {
        let (place, number, timeout) = (call.u32(0), call.u32(1), call.i64(2))
        guard number > 0, number <= UInt32(Limits.pollEntries), timeout >= -1 else {
            return WASI.result(.invalid)
        }
        try call.memory.check(place, number * entrySize)
        try call.memory.check(call.u32(3), 4)
        var entries: [Entry] = []
        entries.reserveCapacity(Int(number))
        for index in 0..<number {
            // Inside the range checked above.
            let wanted = PollEvents(
                rawValue: try call.memory.load(at: place + index * entrySize + 4))
            guard wanted.isSubset(of: .askable) else { return WASI.result(.invalid) }
            entries.append(
                Entry(
                    number: try call.memory.load(at: place + index * entrySize), wanted: wanted))
        }
        let patience: Patience
        switch timeout {
        case 0: patience = .none
        case -1: patience = .forEver
        default:
            // How long something took is what a clock tells.
            guard context.wasi.authority.permits(.timeRead, for: "selium_handle.poll") else {
                return WASI.result(.notCapable)
            }
            patience = .until(context.wasi.deadline(after: UInt64(timeout)))
        }
        let poll = HandlePoll(
            guest: call.guest, context: context, entries: entries, place: place, count: call.u32(3),
            patience: patience)
        return poll.attempt(call.memory)
    }

    /// Answers when anything is ready or the time is over, else waits.
    private func attempt(_ memory: borrowing GuestMemory) -> HostResult {
        var ready: UInt32 = 0
        do throws(MemoryFault) {
            for (index, entry) in entries.enumerated() {
                let answer = events(entry)
                if !answer.isEmpty { ready += 1 }
                // At most 4,096 entries, inside the memory when the call was made: no overflow.
                let target = place + UInt32(index) * Self.entrySize + 6
                try memory.store(answer.rawValue, at: target)
            }
            try memory.store(ready, at: count)
        } catch {
            return WASI.result(.fault)
        }
        guard ready == 0 else { return WASI.result(.success) }
        var wait = GuestWait()
        switch patience {
        case .none: return WASI.result(.again)
        case .until(let deadline):
            guard context.wasi.clock.monotonic() < deadline else { return WASI.result(.timedOut) }
            wait.deadline = deadline
        case .forEver: break
        }
        // Only what would make an entry ready: else the guest would be woken for nothing, at once and
        // for ever.
        for entry in entries {
            if GuestHandle(rawValue: entry.number) != nil {
                wait.stopRequest = wait.stopRequest || entry.wanted.contains(.readable)
            } else {
                wait.input = wait.input || entry.wanted.contains(.readable)
                wait.output = wait.output || entry.wanted.contains(.writable)
            }
        }
        return wait.begin(guest, context) { memory in attempt(memory) }
    }

    private func events(_ entry: Entry) -> PollEvents {
        guard GuestHandle(rawValue: entry.number) == nil else {
            return context.process.handles.events(entry.number, entry.wanted)
        }
        let wasi = context.wasi
        switch wasi.descriptor(entry.number) {
        case nil: return .bad
        case .stdin:
            guard !entry.wanted.contains(.writable) else { return .bad }
            guard entry.wanted.contains(.readable), let bytes = wasi.input.readable else {
                return []
            }
            return bytes == 0 ? [.readable, .ended] : .readable
        case .stdout, .stderr:
            guard !entry.wanted.contains(.readable) else { return .bad }
            return entry.wanted.contains(.writable) && wasi.output.isWritable ? .writable : []
        }
    }
}
