internal import SeliumProtocol

extension LogStream {
    var wire: WireLogStream { WireLogStream(rawValue: Int(rawValue)) ?? .unspecified }
}

extension LogPosition {
    /// What is asked for of these streams; none means all.
    func wire(_ streams: [LogStream]) -> WireLogRequest {
        var wire = WireLogRequest()
        switch self {
        case .start: wire.from = 0
        case .sequence(let sequence): wire.from = sequence
        case .tail(let count): wire.tail = count
        case .since(let wallTime): wire.since = wallTime
        }
        wire.streams = streams.map(\.wire)
        return wire
    }
}

extension LogGap {
    init(_ wire: WireGap) {
        let reason: Reason =
            switch wire.reason {
            case .retention: .retention
            case .reader: .reader
            case .lost: .lost
            case .rate: .rate
            case .unspecified, .UNRECOGNIZED: .unknown
            }
        self.init(from: wire.from, through: wire.through, bytes: wire.bytes, reason: reason)
    }
}

extension SystemRecord {
    init(_ wire: WireSystemRecord, sequence: UInt64, wallTime: Int64) {
        let kind: Kind =
            switch wire.record {
            case .began(let began)?: .began(incarnation: began.incarnation)
            case .ended(let exit)?: .ended(ExitRecord(exit))
            case .unknownImport(let unknown)?:
                .unknownImport(module: unknown.module, name: unknown.name)
            case .denied(let denial)?: .denied(Denial(denial))
            case .note(let text)?: .note(text)
            case nil: .unknown
            }
        self.init(sequence: sequence, wallTime: wallTime, kind: kind)
    }
}
