import SeliumABI
import SeliumKernel
import SeliumWasm

/// `selium_log`: records with a level, a target and named values, in the log beside the output. That
/// takes no capability.
enum LogCalls {
    static let module = "selium_log"

    /// Those that take a place in the guest's memory.
    static let memoryCalls: Set<String> = ["write"]

    static var functions: [HostFunction] {
        [
            GroupCalls.waiting("selium_log", "write", [.i32, .i32, .i32, .i32, .i32, .i32, .i32]) {
                call, context throws(MemoryFault) in
                switch try record(call) {
                case .failure(let error): WASI.result(error.errno)
                case .success(let record):
                    LogWrite(
                        guest: call.guest, output: context.wasi.output, bytes: record.line
                    ).attempt()
                }
            }
        ]
    }

    private struct Refusal: Error {
        var errno: Errno
    }

    /// A text in the guest's memory.
    private struct Place {
        var pointer: UInt32
        var count: UInt32
    }

    /// A field: name and its length, value and its length, u32 each.
    private static let fieldSize: UInt32 = 16

    /// Level; target and its length; message and its length; fields and how many.
    private static func record(
        _ call: borrowing GuestCall
    ) throws(MemoryFault) -> Result<StructuredRecord, Refusal> {
        let (table, count) = (call.u32(5), call.u32(6))
        guard let level = LogLevel(rawValue: call.u32(0)), count <= UInt32(Limits.logRecordFields)
        else { return .failure(Refusal(errno: .invalid)) }
        var places = [
            Place(pointer: call.u32(1), count: call.u32(2)),
            Place(pointer: call.u32(3), count: call.u32(4)),
        ]
        // At most 64 fields of 16 bytes.
        try call.memory.check(table, count * fieldSize)
        for index in 0..<count * 2 {
            let entry = table + index * 8
            places.append(
                Place(
                    pointer: try call.memory.load(at: entry),
                    count: try call.memory.load(at: entry + 4)))
        }
        var size = 0
        for place in places {
            try call.memory.check(place.pointer, place.count)
            size += Int(place.count)
        }
        // Before anything is copied.
        guard size <= Limits.logRecordBytes else { return .failure(Refusal(errno: .tooBig)) }
        let texts = try texts(places, call.memory)
        var record = StructuredRecord(level: level, target: texts[0], message: texts[1])
        for index in stride(from: 2, to: texts.count, by: 2) {
            record.fields.append(.init(texts[index], texts[index + 1]))
        }
        return isForeign(record) ? .success(record) : .failure(Refusal(errno: .invalid))
    }

    /// What is not UTF-8 becomes U+FFFD: a record with a wrong byte says more than none.
    private static func texts(
        _ places: [Place], _ memory: borrowing GuestMemory
    ) throws(MemoryFault) -> [String] {
        var texts: [String] = []
        for place in places {
            let bytes = try memory.bytes(at: place.pointer, count: place.count)
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return texts
    }

    /// Whether it cannot be taken for words of ours, and every value has a name.
    private static func isForeign(_ record: StructuredRecord) -> Bool {
        !record.target.lowercased().hasPrefix("selium")
            && record.fields.allSatisfy { !$0.name.isEmpty }
    }
}

/// A record that goes into the log whole, at once or when the log takes it.
private struct LogWrite: Sendable {
    let guest: Guest
    let output: any GuestOutput
    let bytes: [UInt8]

    func attempt() -> HostResult {
        if output.append(bytes, to: .structured) { return WASI.result(.success) }
        let call = HostCall(guest)
        output.onWritable { call.complete { _ in attempt() } }
        return .wait(call)
    }
}
