import SeliumABI
import SeliumKernel

// What stands in the column `exit`. The first byte is the layout's version; numbers of kinds are
// the ones their types declare as stored, so they never change their meaning.

extension ExitRecord {
    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt8(1))
        writer.number(incarnation)
        writer.flag(stopRequested)
        writer.number(startedAt)
        writer.number(endedAt)
        writer.number(cpuNanoseconds)
        writer.number(peakMemory)
        writer.number(memoryLimit)
        writer.number(lastSequence)
        outcome.write(to: &writer)
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        guard try reader.number(UInt8.self) == 1 else { throw ByteReader.Damage() }
        self.init(
            outcome: .lost, incarnation: try reader.number(), stopRequested: try reader.flag(),
            startedAt: try reader.number(), endedAt: try reader.number(),
            cpuNanoseconds: try reader.number(), peakMemory: try reader.number(),
            memoryLimit: try reader.number(), lastSequence: try reader.number())
        outcome = try ExitOutcome(from: &reader)
    }
}

extension ExitOutcome {
    fileprivate func write(to writer: inout ByteWriter) {
        switch self {
        case .returned(let values):
            writer.number(UInt8(1))
            writer.list(values) { $1.write(to: &$0) }
        case .exit(let code):
            writer.number(UInt8(2))
            writer.number(code)
        case .trap(let trap):
            writer.number(UInt8(3))
            writer.string(trap.kind)
            writer.string(trap.message)
            writer.list(trap.frames) { writer, frame in
                writer.number(frame.functionIndex)
                writer.optional(frame.moduleOffset) { $0.number($1) }
                writer.optional(frame.name) { $0.string($1) }
            }
        case .killed(let reason):
            writer.number(UInt8(4))
            writer.number(reason.rawValue)
        case .limit(let name):
            writer.number(UInt8(5))
            writer.string(name)
        case .startFailed(let message):
            writer.number(UInt8(6))
            writer.string(message)
        case .lost: writer.number(UInt8(7))
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        switch try reader.number(UInt8.self) {
        case 1: self = .returned(try reader.list(Value.init(from:)))
        case 2: self = .exit(code: try reader.number())
        case 3:
            self = .trap(
                TrapRecord(
                    kind: try reader.string(), message: try reader.string(),
                    frames: try reader.list { (reader) throws(ByteReader.Damage) in
                        TrapRecord.Frame(
                            functionIndex: try reader.number(),
                            moduleOffset: try reader.optional {
                                (reader) throws(ByteReader.Damage) in
                                try reader.number()
                            },
                            name: try reader.optional { (reader) throws(ByteReader.Damage) in
                                try reader.string()
                            })
                    }))
        case 4:
            guard let reason = KillReason(rawValue: try reader.number()) else {
                throw ByteReader.Damage()
            }
            self = .killed(reason)
        case 5: self = .limit(try reader.string())
        case 6: self = .startFailed(try reader.string())
        case 7: self = .lost
        default: throw ByteReader.Damage()
        }
    }
}

extension Value {
    func write(to writer: inout ByteWriter) {
        writer.number(kind.rawValue)
        switch self {
        case .i8(let value): writer.number(value)
        case .u8(let value): writer.number(value)
        case .i16(let value): writer.number(value)
        case .u16(let value): writer.number(value)
        case .i32(let value): writer.number(value)
        case .u32(let value): writer.number(value)
        case .i64(let value): writer.number(value)
        case .u64(let value): writer.number(value)
        case .f32(let value): writer.number(value.bitPattern)
        case .f64(let value): writer.number(value.bitPattern)
        case .buffer(let bytes): writer.blob(bytes)
        case .utf8(let text): writer.string(text)
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        switch ValueKind(rawValue: try reader.number()) {
        case .i8: self = .i8(try reader.number())
        case .u8: self = .u8(try reader.number())
        case .i16: self = .i16(try reader.number())
        case .u16: self = .u16(try reader.number())
        case .i32: self = .i32(try reader.number())
        case .u32: self = .u32(try reader.number())
        case .i64: self = .i64(try reader.number())
        case .u64: self = .u64(try reader.number())
        case .f32: self = .f32(Float(bitPattern: try reader.number()))
        case .f64: self = .f64(Double(bitPattern: try reader.number()))
        case .buffer: self = .buffer(try reader.blob())
        case .utf8: self = .utf8(try reader.string())
        case .resource, nil: throw ByteReader.Damage()
        }
    }
}
