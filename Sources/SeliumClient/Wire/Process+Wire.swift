internal import SeliumProtocol

extension ProcessReference {
    var wire: WireProcessRef {
        var wire = WireProcessRef()
        switch self {
        case .id(let id): wire.id = id
        case .name(let name), .qualified(_, let name): wire.name = name
        }
        return wire
    }

    /// What the request's header says; empty for the caller's own namespace.
    var namespace: String {
        guard case .qualified(let namespace, _) = self else { return "" }
        return namespace
    }
}

extension ProcessStatus {
    init(_ wire: WireProcessInfo) {
        self.init(
            id: wire.id, namespace: wire.namespace, name: wire.name, owner: wire.owner,
            moduleName: wire.moduleName, moduleDigest: wire.moduleDigestBytes,
            entrypoint: wire.entrypoint,
            state: ProcessState(wire.state), incarnation: wire.incarnation,
            createdAt: wire.createdAt,
            uptimeNanoseconds: wire.uptimeNs, cpuNanoseconds: wire.cpuNs, memory: wire.memory,
            memoryLimit: wire.memoryLimit, grants: wire.grants.map(Grant.init),
            exit: wire.hasExit ? ExitRecord(wire.exit) : nil, restarts: wire.restarts,
            waiting: wire.hasWaiting ? Waiting(wire.waiting) : nil,
            supervision: wire.hasSupervision ? Supervision(wire.supervision) : .standard,
            labels: Dictionary(wire.labels.map { ($0.key, $0.value) }) { first, _ in first })
    }
}

extension ProcessState {
    init(_ wire: WireState) {
        switch wire {
        case .starting: self = .starting
        case .running: self = .running
        case .stopping: self = .stopping
        case .backingOff: self = .backingOff
        case .exited: self = .exited
        case .crashed: self = .crashed
        case .unspecified, .UNRECOGNIZED: self = .unknown
        }
    }
}

extension ExitRecord {
    init(_ wire: WireExitRecord) {
        self.init(
            outcome: ExitOutcome(wire.outcome), incarnation: wire.incarnation,
            stopRequested: wire.stopRequested,
            startedAt: wire.startedAt, endedAt: wire.endedAt, cpuNanoseconds: wire.cpuNs,
            peakMemory: wire.peakMemory, memoryLimit: wire.memoryLimit,
            lastSequence: wire.lastSequence)
    }
}

extension ExitOutcome {
    fileprivate init(_ wire: WireExitRecord.OneOf_Outcome?) {
        switch wire {
        case .returned(let returned)?: self = .returned(returned.values.compactMap(Value.init))
        case .exit(let exit)?: self = .exited(exit.code)
        case .trap(let trap)?: self = .trapped(Trap(trap))
        case .killed(let killed)?: self = .killed(KillReason(killed.reason))
        case .limit(let limit)?: self = .limit(limit.name)
        case .startFailed(let failed)?: self = .startFailed(failed.message)
        case .lost?: self = .lost
        case nil: self = .unknown
        }
    }
}

extension KillReason {
    fileprivate init(_ wire: WireExitRecord.KillReason) {
        switch wire {
        case .noStopHandler: self = .noStopHandler
        case .graceUsedUp: self = .graceUsedUp
        case .kill: self = .kill
        case .runtimeShutdown: self = .runtimeShutdown
        case .unspecified, .UNRECOGNIZED: self = .unknown
        }
    }
}

extension Trap {
    fileprivate init(_ wire: WireTrap) {
        self.init(
            kind: wire.kind, message: wire.message,
            frames: wire.frames.map {
                Frame(
                    functionIndex: $0.functionIndex,
                    moduleOffset: $0.hasModuleOffset ? $0.moduleOffset : nil,
                    name: $0.name)
            })
    }
}

extension ServerInfo {
    init(_ wire: WireServerInfo) {
        self.init(
            version: wire.version, engine: wire.engine, startedAt: wire.startedAt,
            livingProcesses: wire.livingProcesses, processCeiling: wire.processCeiling,
            logBytes: wire.logBytes,
            identity: wire.identity, role: wire.role, namespace: wire.namespace,
            certificateExpiresAt: wire.certificateExpiresAt)
    }
}
