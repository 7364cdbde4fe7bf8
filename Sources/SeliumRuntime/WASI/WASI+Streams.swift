import SeliumABI
import SeliumKernel
import SeliumWasm

extension WASI {
    /// Reading and writing.
    static var streams: [HostFunction] {
        [
            waiting("fd_write", [.i32, .i32, .i32, .i32]) { call, process throws(MemoryFault) in
                guard let descriptor = process.descriptor(call.u32(0)),
                    let stream = descriptor.stream
                else { return result(.badDescriptor) }
                guard call.u32(2) <= UInt32(Limits.hostCallVectors) else { return result(.invalid) }
                try call.memory.check(call.u32(3), 4)
                let bytes = try gather(call.u32(1), call.u32(2), call.memory)
                let write = Write(
                    guest: call.guest, process: process, stream: stream,
                    waits: !process.isNonblocking(descriptor), bytes: bytes, written: call.u32(3))
                return write.attempt(call.memory)
            },
            waiting("fd_read", [.i32, .i32, .i32, .i32]) { call, process throws(MemoryFault) in
                guard process.descriptor(call.u32(0)) == .stdin else {
                    return result(.badDescriptor)
                }
                guard call.u32(2) <= UInt32(Limits.hostCallVectors) else { return result(.invalid) }
                try call.memory.check(call.u32(3), 4)
                let vectors = try readVectors(call.u32(1), call.u32(2), call.memory)
                let read = Read(
                    guest: call.guest, process: process, vectors: vectors, count: call.u32(3))
                return read.attempt(call.memory)
            },
            GroupCalls.waiting(module, "poll_oneoff", [.i32, .i32, .i32, .i32]) {
                call, context throws(MemoryFault) in
                try Poll.begin(call, context)
            },
        ]
    }

    /// A part of the guest's memory.
    struct Vector: Sendable {
        var pointer: UInt32
        var count: UInt32
    }

    /// The vectors of a call, each inside the memory; together cut to what one call may copy.
    static func readVectors(
        _ table: UInt32, _ count: UInt32, _ memory: borrowing GuestMemory
    ) throws(MemoryFault) -> [Vector] {
        // At most 1,024 entries of 8 bytes.
        try memory.check(table, count * 8)
        var vectors: [Vector] = []
        var left = UInt32(Limits.hostCallBytes)
        for index in 0..<count {
            let entry = table + index * 8
            let pointer: UInt32 = try memory.load(at: entry)
            let length: UInt32 = try memory.load(at: entry + 4)
            try memory.check(pointer, length)
            let taken = min(length, left)
            guard taken > 0 else { continue }
            vectors.append(Vector(pointer: pointer, count: taken))
            left -= taken
        }
        return vectors
    }

    /// The bytes a guest writes, copied out of its memory.
    private static func gather(
        _ table: UInt32, _ count: UInt32, _ memory: borrowing GuestMemory
    ) throws(MemoryFault) -> [UInt8] {
        let vectors = try readVectors(table, count, memory)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(vectors.reduce(0) { $0 + Int($1.count) })
        for vector in vectors {
            try memory.append(at: vector.pointer, count: vector.count, to: &bytes)
        }
        return bytes
    }

    /// A write that goes into the log whole, at once or when the log takes it.
    private struct Write: Sendable {
        let guest: Guest
        let process: WASIProcess
        let stream: LogStream
        let waits: Bool
        let bytes: [UInt8]
        /// Where the guest wants the count.
        let written: UInt32

        func attempt(_ memory: borrowing GuestMemory) -> HostResult {
            if bytes.isEmpty || process.output.append(bytes, to: stream) {
                return result(UInt32(bytes.count), at: written, in: memory)
            }
            guard waits else { return result(.again) }
            let call = HostCall(guest)
            process.output.onWritable { call.complete { memory in attempt(memory) } }
            return .wait(call)
        }
    }

    /// A read of stdin: at least one byte, the end, or a wait.
    private struct Read: Sendable {
        let guest: Guest
        let process: WASIProcess
        let vectors: [Vector]
        /// Where the guest wants the count.
        let count: UInt32

        func attempt(_ memory: borrowing GuestMemory) -> HostResult {
            let room = vectors.reduce(0) { $0 + Int($1.count) }
            guard room > 0 else { return result(0, at: count, in: memory) }
            switch process.input.read(atMost: room) {
            case .end: return result(0, at: count, in: memory)
            case .bytes(let bytes): return deliver(bytes, memory)
            case .wait: break
            }
            if process.isNonblocking(.stdin) { return result(.again) }
            let call = HostCall(guest)
            process.input.onReadable { call.complete { memory in attempt(memory) } }
            return .wait(call)
        }

        private func deliver(_ bytes: [UInt8], _ memory: borrowing GuestMemory) -> HostResult {
            var rest = bytes[...]
            do throws(MemoryFault) {
                for vector in vectors where !rest.isEmpty {
                    let part = rest.prefix(Int(vector.count))
                    try memory.write(part, at: vector.pointer)
                    rest = rest.dropFirst(part.count)
                }
            } catch {
                return result(.fault)
            }
            return result(UInt32(bytes.count - rest.count), at: count, in: memory)
        }
    }
}
