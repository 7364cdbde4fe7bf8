import SeliumKernel

// What stands in a frame of a log segment whose stream is `system`. The first byte is the layout's
// version, the second the record's kind; neither number is ever reused.

extension SystemRecord {
    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt8(1))
        switch self {
        case .began(let incarnation):
            writer.number(UInt8(1))
            writer.number(incarnation)
        case .ended(let record):
            writer.number(UInt8(2))
            writer.blob(record.storedBytes)
        case .unknownImport(let module, let name):
            writer.number(UInt8(3))
            writer.string(module)
            writer.string(name)
        case .denied(let denial):
            writer.number(UInt8(4))
            writer.string(denial.capability)
            writer.string(denial.resource)
            writer.optional(denial.nearestGrant) { $0.string($1) }
            writer.string(denial.difference)
        case .note(let text):
            writer.number(UInt8(5))
            writer.string(text)
        }
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        guard try reader.number(UInt8.self) == 1 else { throw ByteReader.Damage() }
        switch try reader.number(UInt8.self) {
        case 1: self = .began(incarnation: try reader.number())
        case 2: self = .ended(try ExitRecord(storedBytes: try reader.blob()))
        case 3: self = .unknownImport(module: try reader.string(), name: try reader.string())
        case 4:
            self = .denied(
                Denial(
                    capability: try reader.string(), resource: try reader.string(),
                    nearestGrant: try reader.optional { (reader) throws(ByteReader.Damage) in
                        try reader.string()
                    }, difference: try reader.string()))
        case 5: self = .note(try reader.string())
        default: throw ByteReader.Damage()
        }
    }
}

extension SegmentFrame {
    /// The frame of any chunk.
    init(_ chunk: LogChunk) {
        guard case .system(let record) = chunk.content else {
            self =
                SegmentFrame(text: chunk)
                ?? Self.system(chunk, .note("a record that cannot be stored"))
            return
        }
        self = Self.system(chunk, record)
    }

    private static func system(_ chunk: LogChunk, _ record: SystemRecord) -> SegmentFrame {
        var bytes = record.storedBytes
        // Bounded by what its parts may be; should one ever be longer, the place is kept.
        if bytes.count > maximumBytes {
            bytes = SystemRecord.note("a record that is too long to be stored").storedBytes
        }
        let flags: Flags =
            switch record {
            case .began: .begins
            case .ended: .ends
            case .unknownImport, .denied, .note: []
            }
        return SegmentFrame(
            first: chunk.first, count: chunk.count, stream: .system, flags: flags,
            wallTime: chunk.wallTime, monotonicTime: chunk.monotonicTime, bytes: bytes)
    }

    /// As a reader of the log gets it.
    var chunk: LogChunk {
        if let text = textChunk { return text }
        let record = try? SystemRecord(storedBytes: bytes)
        return LogChunk(
            first: first, count: count, wallTime: wallTime, monotonicTime: monotonicTime,
            content: .system(record ?? .note("a record of a kind that this version does not know")))
    }

    /// Whether it begins or ends an incarnation.
    var isLifecycle: Bool { !flags.isDisjoint(with: [.begins, .ends]) }
}
