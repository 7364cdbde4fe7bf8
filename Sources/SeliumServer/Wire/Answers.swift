internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

// Values of the process world as the wire has them. One direction only: answers.

extension WireProcessInfo {
    init(_ status: ProcessStatus) {
        self.init()
        id = status.id.rawValue
        namespace = status.namespace.name
        name = status.name?.text ?? ""
        owner = status.creator.name
        moduleName = status.moduleName
        moduleDigestBytes = status.moduleDigest.bytes
        entrypoint = status.entrypoint
        state = WireState(status.state)
        incarnation = status.incarnation
        createdAt = status.createdAt
        uptimeNs = status.uptimeNanoseconds
        cpuNs = status.cpuNanoseconds
        memory = status.memory
        memoryLimit = status.memoryLimit
        if !status.grants.isEmpty { grants = status.grants.map { WireGrant($0) } }
        if let end = status.exit { exit = WireExitRecord(end) }
        restarts = status.restarts
        if let wait = status.backOff {
            waiting = WireWaiting(wait, remaining: status.backOffRemaining)
        }
        // Of most processes there is nothing to say.
        if status.policy != .standard { supervision = WireSupervision(status.policy) }
        if !status.labels.isEmpty {
            labels = status.labels.map { label in
                .with {
                    $0.key = label.key
                    $0.value = label.value
                }
            }
        }
    }

    /// About how long the row is on the wire: what decides when a list goes on in another frame.
    var estimatedLength: Int {
        var length = 160 + name.utf8.count + moduleName.utf8.count + entrypoint.utf8.count
        length += 2 * namespace.utf8.count + grants.count * 40
        if hasWaiting { length += 32 }
        for label in labels { length += 16 + label.key.utf8.count + label.value.utf8.count }
        if hasSupervision { length += 80 + supervision.noRestartOn.count * 5 }
        if hasExit {
            length += 100 + exit.trap.frames.count * 180
            for value in exit.returned.values {
                length += 32 + (value.bufferBytes?.count ?? 0) + 2 * value.utf8.utf8.count
            }
        }
        return length
    }
}

extension WireState {
    init(_ state: ProcessState) {
        self =
            switch state {
            case .starting: .starting
            case .running: .running
            case .stopping: .stopping
            case .backingOff: .backingOff
            case .exited: .exited
            case .crashed: .crashed
            }
    }
}

extension WireGrant {
    init(_ grant: Grant) {
        self.init()
        capability = grant.capability.name
        scope = grant.scope ?? ""
    }
}

extension WireDenial {
    /// `role` is that of who is told: whether it may grant what is missing.
    init(_ denial: Denial, for role: Role) {
        self.init()
        capability = denial.capability
        resource = denial.resource
        nearestGrant = denial.nearestGrant ?? ""
        difference = denial.difference
        self.role = role.name
        rolePermits = Capability(name: denial.capability).map(role.mayGrant) ?? false
    }
}

extension WireStarted {
    init(_ report: StartReport) {
        self.init()
        id = report.id?.rawValue ?? 0
        digestBytes = report.digest.bytes
        entrypoint = report.entrypoint
        grants = report.grants.map { WireGrant($0) }
        notes = report.notes.map { note in
            .with {
                $0.module = note.module
                $0.name = note.name
                $0.capability = note.capability?.name ?? ""
            }
        }
    }
}

extension WireExitRecord {
    init(_ record: ExitRecord) {
        self.init()
        incarnation = record.incarnation
        stopRequested = record.stopRequested
        startedAt = record.startedAt
        endedAt = record.endedAt
        cpuNs = record.cpuNanoseconds
        peakMemory = record.peakMemory
        memoryLimit = record.memoryLimit
        lastSequence = record.lastSequence
        switch record.outcome {
        case .returned(let values):
            returned = .with { $0.values = values.map { WireArgument($0) } }
        case .exit(let code): exit = .with { $0.code = code }
        case .trap(let trap): self.trap = WireTrap(trap)
        case .killed(let reason): killed = .with { $0.reason = KillReason(reason) }
        case .limit(let name): limit = .with { $0.name = name }
        case .startFailed(let message): startFailed = .with { $0.message = message }
        case .lost: lost = Lost()
        }
    }
}

extension WireExitRecord.KillReason {
    init(_ reason: SeliumKernel.KillReason) {
        self =
            switch reason {
            case .noStopHandler: .noStopHandler
            case .graceUsedUp: .graceUsedUp
            case .kill: .kill
            case .runtimeShutdown: .runtimeShutdown
            }
    }
}

extension WireTrap {
    init(_ trap: TrapRecord) {
        self.init()
        kind = trap.kind
        message = trap.message
        frames = trap.frames.prefix(64).map { frame in
            .with {
                $0.functionIndex = frame.functionIndex
                if let offset = frame.moduleOffset { $0.moduleOffset = offset }
                $0.name = frame.name ?? ""
            }
        }
    }
}

extension WireArgument {
    /// A result of an entrypoint.
    init(_ result: Value) {
        self.init()
        kind = WireValueKind(rawValue: Int(result.kind.rawValue)) ?? .unspecified
        switch result {
        case .i8(let number): signed = Int64(number)
        case .i16(let number): signed = Int64(number)
        case .i32(let number): signed = Int64(number)
        case .i64(let number): signed = number
        case .u8(let number): unsigned = UInt64(number)
        case .u16(let number): unsigned = UInt64(number)
        case .u32(let number): unsigned = UInt64(number)
        case .u64(let number): unsigned = number
        case .f32(let number): f32 = number
        case .f64(let number): f64 = number
        case .buffer(let bytes): bufferBytes = bytes
        case .utf8(let text): utf8 = text
        }
    }
}

extension WireServerInfo {
    init(_ info: HostInfo, caller: Caller, namespace: Namespace, version: String) {
        self.init()
        self.version = version
        engine = info.engine
        startedAt = info.startedAt
        livingProcesses = UInt32(clamping: info.livingProcesses)
        processCeiling = UInt32(clamping: info.processCeiling ?? 0)
        logBytes = info.logBytes
        identity = caller.identity.name
        role = caller.role.name
        self.namespace = namespace.name
        certificateExpiresAt = caller.expiresAt ?? 0
    }
}

extension WireError {
    /// - Parameters:
    ///   - reference: what the server's log is searched for; only internal errors have one.
    ///   - role: the caller's.
    init(_ error: RequestError, reference: String, role: Role) {
        self.init()
        code = error.code.wire
        message = error.message
        remedy = error.remedy
        retryable = error.isRetryable
        field = error.field
        self.reference = reference
        if let denial = error.denial { self.denial = WireDenial(denial, for: role) }
        if let range = error.range {
            self.range = .with {
                $0.oldest = range.oldest
                $0.last = range.last
            }
        }
    }
}
