internal import SeliumABI
internal import SeliumProtocol

extension ProcessDetail {
    init(_ wire: WireInspected) {
        self.init(
            status: ProcessStatus(wire.process),
            launch: wire.hasLaunch ? LaunchOutline(wire.launch) : nil,
            limits: ProcessLimits(
                memory: wire.limits.memory, tables: wire.limits.tables,
                tableElements: wire.limits.tableElements, logBytes: wire.limits.logBytes,
                logRate: wire.limits.logRate),
            ends: wire.ends.map { ExitRecord($0) }, oldestRecord: wire.log.oldest,
            lastRecord: wire.log.last)
    }
}

extension LaunchOutline {
    fileprivate init(_ wire: WireLaunchOutline) {
        self.init(
            arguments: wire.arguments.map {
                Parameter(
                    kind: ValueKind($0.kind), length: $0.length, isSensitive: $0.sensitive)
            },
            results: wire.results.map { ValueKind($0) }, argvLengths: wire.argvLengths,
            environment: wire.environment.map {
                Variable(name: $0.name, length: $0.length, isSensitive: $0.sensitive)
            },
            isStrict: wire.strict, takesInput: wire.input, isRemovedAtEnd: wire.removeAtEnd,
            namesModule: wire.moduleByName)
    }
}

extension ValueKind {
    fileprivate init?(_ wire: WireValueKind) {
        guard let kind = UInt8(exactly: wire.rawValue).flatMap({ ValueKind(rawValue: $0) }) else {
            return nil
        }
        self = kind
    }
}
