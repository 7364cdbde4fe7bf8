import SeliumABI
import SeliumKernel
import SeliumWasm
import Synchronization

extension WASI {
    /// `poll_oneoff`: waits for the first of clocks and descriptors.
    struct Poll: Sendable {
        /// A subscription that was read and understood.
        private struct Entry: Sendable {
            enum Condition: Sendable {
                /// Ready when the monotonic clock shows this.
                case deadline(UInt64)
                /// stdin can be read without waiting.
                case readable
                /// The log takes a write without waiting.
                case writable
                /// This handle, as `selium_handle.poll` would see it.
                case handle(UInt32)
                /// Ready already, with an error.
                case ready(Errno)
            }

            var userData: UInt64
            /// 0 clock, 1 read, 2 write: also the event's type.
            var kind: UInt8
            var condition: Condition
        }

        private let guest: Guest
        private let context: GuestContext
        private let entries: [Entry]
        private let events: UInt32
        private let count: UInt32

        private static let subscriptionSize: UInt32 = 48
        private static let eventSize: UInt32 = 32

        private var process: WASIProcess { context.wasi }

        /// Reads the subscriptions and waits for them.
        static func begin(
            _ call: borrowing GuestCall, _ context: GuestContext
        ) throws(MemoryFault) -> HostResult {
            let number = call.u32(2)
            guard number > 0, number <= UInt32(Limits.pollEntries) else { return result(.invalid) }
            try call.memory.check(call.u32(0), number * subscriptionSize)
            try call.memory.check(call.u32(1), number * eventSize)
            try call.memory.check(call.u32(3), 4)
            var entries: [Entry] = []
            entries.reserveCapacity(Int(number))
            for index in 0..<number {
                entries.append(
                    try read(
                        call.u32(0) + index * subscriptionSize, call.memory, context.wasi))
            }
            let poll = Poll(
                guest: call.guest, context: context, entries: entries, events: call.u32(1),
                count: call.u32(3))
            return poll.attempt(call.memory)
        }

        /// struct subscription: user data at 0, kind at 8; a clock: id 16, timeout 24, flags 40; a
        /// descriptor: number 16.
        private static func read(
            _ place: UInt32, _ memory: borrowing GuestMemory, _ process: WASIProcess
        ) throws(MemoryFault) -> Entry {
            let userData: UInt64 = try memory.load(at: place)
            let kind: UInt8 = try memory.load(at: place + 8)
            var entry = Entry(userData: userData, kind: kind, condition: .ready(.invalid))
            let number: UInt32 = try memory.load(at: place + 16)
            switch kind {
            case 0:
                let timeout: UInt64 = try memory.load(at: place + 24)
                let flags: UInt16 = try memory.load(at: place + 40)
                // One flag: the timeout is a point in time.
                guard flags <= 1 else { return entry }
                entry.condition = clock(number, timeout, isAbsolute: flags == 1, process)
            case 1 where GuestHandle(rawValue: number) != nil:
                entry.condition = .handle(number)
                return entry
            case 1:
                guard let descriptor = process.descriptor(number) else { break }
                entry.condition = descriptor == .stdin ? .readable : .ready(.badDescriptor)
                return entry
            case 2:
                guard let descriptor = process.descriptor(number) else { break }
                entry.condition = descriptor == .stdin ? .ready(.badDescriptor) : .writable
                return entry
            default: return entry
            }
            if kind != 0 { entry.condition = .ready(.badDescriptor) }
            return entry
        }

        private static func clock(
            _ number: UInt32, _ timeout: UInt64, isAbsolute: Bool, _ process: WASIProcess
        ) -> Entry.Condition {
            guard process.authority.permits(.timeRead, for: "poll_oneoff") else {
                return .ready(.notCapable)
            }
            func after(_ wait: UInt64) -> Entry.Condition {
                .deadline(process.deadline(after: wait))
            }
            switch (Clock(rawValue: number), isAbsolute) {
            case (.realtime, false), (.monotonic, false): return after(timeout)
            case (.monotonic, true): return .deadline(timeout)
            case (.realtime, true):
                let wall = UInt64(max(0, process.clock.realtime()))
                return after(timeout > wall ? timeout - wall : 0)
            case (.processTime, _), (.threadTime, _): return .ready(.notSupported)
            case (nil, _): return .ready(.invalid)
            }
        }

        /// Answers when anything is ready, else waits.
        private func attempt(_ memory: borrowing GuestMemory) -> HostResult {
            let now = process.clock.monotonic()
            let readable = process.input.readable
            let isWritable = process.output.isWritable
            var ready: UInt32 = 0
            do throws(MemoryFault) {
                for entry in entries {
                    let bytes: UInt64
                    var errno = Errno.success
                    switch entry.condition {
                    case .deadline(let deadline):
                        guard deadline <= now else { continue }
                        bytes = 0
                    case .readable:
                        guard let count = readable else { continue }
                        bytes = UInt64(count)
                    case .writable:
                        guard isWritable else { continue }
                        bytes = UInt64(Limits.hostCallBytes)
                    case .handle(let number):
                        let events = context.process.handles.events(number, .readable)
                        guard !events.isEmpty else { continue }
                        errno = events.contains(.bad) ? .badDescriptor : .success
                        bytes = 1
                    case .ready(let error):
                        errno = error
                        bytes = 0
                    }
                    try store(entry, errno, bytes, at: events + ready * Self.eventSize, memory)
                    ready += 1
                }
            } catch {
                return result(.fault)
            }
            return ready > 0 ? result(ready, at: count, in: memory) : wait()
        }

        /// struct event: user data at 0, error 8, kind 10, bytes 16, flags 24 (1: the other side is
        /// gone).
        private func store(
            _ entry: Entry, _ errno: Errno, _ bytes: UInt64, at place: UInt32,
            _ memory: borrowing GuestMemory
        ) throws(MemoryFault) {
            try memory.write([UInt8](repeating: 0, count: Int(Self.eventSize)), at: place)
            try memory.store(entry.userData, at: place)
            try memory.store(errno.rawValue, at: place + 8)
            try memory.store(entry.kind, at: place + 10)
            guard entry.kind != 0, errno == .success else { return }
            try memory.store(bytes, at: place + 16)
            if entry.kind == 1, bytes == 0 { try memory.store(UInt16(1), at: place + 24) }
        }

        private func wait() -> HostResult {
            var wait = GuestWait()
            for entry in entries {
                switch entry.condition {
                case .deadline(let deadline): wait.deadline = min(deadline, wait.deadline ?? .max)
                case .readable: wait.input = true
                case .writable: wait.output = true
                case .handle: wait.stopRequest = true
                case .ready: break
                }
            }
            return wait.begin(guest, context) { memory in attempt(memory) }
        }
    }
}
