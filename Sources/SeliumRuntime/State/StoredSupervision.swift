import SeliumKernel

/// What stands in the column `supervision`: how a process stands, and by which policy.
struct StoredSupervision: Sendable, Hashable {
    var policy: RestartPolicy
    /// It is forgotten once it has ended.
    var isRemovedAtEnd: Bool
    var snapshot: SupervisionSnapshot
    /// `exited` or `crashed` once it has come to its end.
    var end: ProcessState?
}

extension StoredSupervision {
    /// Of a row that was written before there was supervision.
    init(before exit: ExitRecord?) {
        self.init(
            policy: .standard, isRemovedAtEnd: false,
            snapshot: SupervisionSnapshot(
                phase: exit == nil ? .alive : .ended, incarnation: 1, stopRequested: false,
                restarts: 0, attempt: 0, ages: []), end: exit?.finalState)
    }

    /// The first byte is the layout's version.
    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt8(1))
        policy.write(to: &writer)
        writer.flag(isRemovedAtEnd)
        writer.number(snapshot.phase.rawValue)
        writer.number(snapshot.incarnation)
        writer.flag(snapshot.stopRequested)
        writer.number(snapshot.restarts)
        writer.number(snapshot.attempt)
        writer.list(snapshot.ages) { $0.number($1) }
        writer.optional(end) { $0.number($1.rawValue) }
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        guard try reader.number(UInt8.self) == 1 else { throw ByteReader.Damage() }
        policy = try RestartPolicy(from: &reader)
        isRemovedAtEnd = try reader.flag()
        guard let phase = SupervisionSnapshot.Phase(rawValue: try reader.number()) else {
            throw ByteReader.Damage()
        }
        snapshot = SupervisionSnapshot(
            phase: phase, incarnation: try reader.number(), stopRequested: try reader.flag(),
            restarts: try reader.number(), attempt: try reader.number(),
            ages: try reader.list { (reader) throws(ByteReader.Damage) in try reader.number() })
        end = try reader.optional { (reader) throws(ByteReader.Damage) in
            guard let state = ProcessState(rawValue: try reader.number()) else {
                throw ByteReader.Damage()
            }
            return state
        }
    }
}

extension RestartPolicy {
    fileprivate func write(to writer: inout ByteWriter) {
        switch mode {
        case .no: writer.number(UInt8(1))
        case .onFailure: writer.number(UInt8(2))
        case .always: writer.number(UInt8(3))
        }
        writer.optional(mode == .no ? nil : mode.most) { $0.number($1) }
        writer.number(backOff.minimum)
        writer.number(backOff.maximum)
        writer.number(resetAfter)
        writer.optional(limit) { writer, limit in
            writer.number(limit.count)
            writer.number(limit.window)
        }
        writer.list(noRestartOn) { $0.number($1) }
        writer.number(stopTimeout)
    }

    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        var wish = RestartWish()
        let kind = try reader.number(UInt8.self)
        let most = try reader.optional { (reader) throws(ByteReader.Damage) in
            try reader.number(UInt32.self)
        }
        let minimum = try reader.number(UInt64.self)
        let maximum = try reader.number(UInt64.self)
        let resetAfter = try reader.number(UInt64.self)
        let limit = try reader.optional {
            (reader) throws(ByteReader.Damage) -> (UInt32, UInt64) in
            (try reader.number(), try reader.number())
        }
        let codes = try reader.list { (reader) throws(ByteReader.Damage) in
            try reader.number(UInt32.self)
        }
        wish.stopTimeout = try reader.number()
        do throws(KernelError) {
            switch kind {
            case 1: break
            case 2: wish.mode = .onFailure(most: most)
            case 3: wish.mode = .always(most: most)
            default: throw KernelError(.corrupt, "a mode that does not exist")
            }
            if kind != 1 {
                wish.backOff = try BackOff(minimum: minimum, maximum: maximum)
                wish.resetAfter = resetAfter
                if let limit { wish.limit = try RestartLimit(count: limit.0, window: limit.1) }
                wish.noRestartOn = codes
            }
            self = try RestartPolicy(wish)
        } catch {
            throw ByteReader.Damage()
        }
    }
}
