internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension LogEntry {
    /// `role` is the reader's: a denial says whether it may grant what is missing.
    init(_ chunk: LogChunk, for role: Role) {
        let bytes: [UInt8]
        switch chunk.content {
        case .text(_, let text): bytes = text
        case .system(let record): bytes = WireSystemRecord(record, for: role).encodedBytes
        }
        self.init(
            first: chunk.first, count: chunk.count, stream: chunk.stream.rawValue,
            isPartial: chunk.isPartial, wallTime: chunk.wallTime,
            monotonicTime: chunk.monotonicTime, bytes: bytes)
    }
}

extension WireSystemRecord {
    init(_ record: SystemRecord, for role: Role) {
        self.init()
        switch record {
        case .began(let number): began = .with { $0.incarnation = number }
        case .ended(let end): ended = WireExitRecord(end)
        case .unknownImport(let module, let name):
            unknownImport = .with {
                $0.module = module
                $0.name = name
            }
        case .denied(let denial): denied = WireDenial(denial, for: role)
        case .note(let text): note = text
        }
    }
}

extension LogItem {
    /// About what it holds in memory, bytes.
    var heldBytes: Int {
        guard case .chunk(let chunk) = self else { return LogChunk.overhead }
        return chunk.cost
    }
}

extension WireGap {
    init(_ gap: LogGap) {
        self.init()
        from = gap.from
        through = gap.through
        bytes = gap.bytes
        reason =
            switch gap.reason {
            case .retention: .retention
            case .reader: .reader
            case .lost: .lost
            case .rate: .rate
            }
    }
}

/// Which records a reader asked for.
struct LogFilter: Sendable, Hashable {
    /// Never empty.
    let streams: Set<LogStream>

    /// An unspecified stream is nobody's.
    init(_ wire: [WireLogStream], field: String) throws(RequestError) {
        var chosen: Set<LogStream> = []
        for (index, stream) in wire.enumerated() {
            guard let known = UInt8(exactly: stream.rawValue).flatMap({ LogStream(rawValue: $0) })
            else {
                throw RequestError(
                    .invalidArgument, "not a stream", field: "\(field).streams[\(index)]")
            }
            chosen.insert(known)
        }
        streams = chosen.isEmpty ? Set(LogStream.allCases) : chosen
    }

    /// Begin and end records come whatever is chosen: they frame the rest.
    func passes(_ chunk: LogChunk) -> Bool {
        if case .system(let record) = chunk.content {
            switch record {
            case .began, .ended: return true
            case .unknownImport, .denied, .note: return streams.contains(.system)
            }
        }
        return streams.contains(chunk.stream)
    }
}
