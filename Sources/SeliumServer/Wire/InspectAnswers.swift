internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension WireInspected {
    init(_ detail: ProcessDetail) {
        self.init()
        process = WireProcessInfo(detail.status)
        if let outline = detail.outline { launch = WireLaunchOutline(outline) }
        limits = .with {
            $0.memory = detail.status.memoryLimit
            $0.tables = UInt32(clamping: Limits.processTables)
            $0.tableElements = UInt64(clamping: Limits.processTableElements)
            $0.logBytes = UInt64(clamping: Limits.logKept)
            $0.logRate = Limits.logRate
        }
        ends = detail.ends.map { WireExitRecord($0) }
        log = .with {
            $0.oldest = detail.log.oldest
            $0.last = detail.log.last
        }
    }

    /// About how much memory the answer takes until it is sent.
    var estimatedLength: Int {
        var length = 2 * process.estimatedLength
        for end in ends { length += 200 + end.trap.frames.count * 180 }
        for variable in launch.environment { length += 24 + variable.name.utf8.count }
        return length + 16 * (launch.arguments.count + launch.argvLengths.count)
    }
}

extension WireLaunchOutline {
    init(_ outline: StartOutline) {
        self.init()
        arguments = outline.arguments.map { parameter in
            .with {
                $0.kind = WireValueKind(parameter.kind)
                $0.length = parameter.length
                $0.sensitive = parameter.isSensitive
            }
        }
        results = outline.results.map { WireValueKind($0) }
        argvLengths = outline.argvLengths
        environment = outline.environment.map { variable in
            .with {
                $0.name = variable.name
                $0.length = variable.length
                $0.sensitive = variable.isSensitive
            }
        }
        strict = outline.isStrict
        input = outline.takesInput
        removeAtEnd = outline.isRemovedAtEnd
        moduleByName = outline.namesModule
    }
}

extension WireValueKind {
    fileprivate init(_ kind: ValueKind) {
        self = WireValueKind(rawValue: Int(kind.rawValue)) ?? .unspecified
    }
}
