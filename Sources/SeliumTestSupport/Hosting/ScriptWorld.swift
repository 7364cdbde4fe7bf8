internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel

/// The whole state of an `InMemoryProcessHost`: the same machines a runtime uses, with scripts in
/// the place of an engine. Everything happens at once, under the host's lock; the clock is a counter.
struct ScriptWorld: Sendable {
    /// What tasks wait for.
    enum Key: Hashable, Sendable {
        case log(ProcessID)
        case input(ProcessID)
        case end(ProcessID)
        case began(ProcessID)
        case request(RequestKey)
        case starts
        case events
    }

    /// The scope of an idempotency key.
    struct RequestKey: Hashable, Sendable {
        var namespace: Namespace
        var identity: Identity
        var key: [UInt8]

        init(_ idempotency: Idempotency) {
            namespace = idempotency.namespace
            identity = idempotency.identity
            key = idempotency.key
        }
    }

    /// What a request that changes something gave.
    enum Answer: Sendable {
        case started(StartReport)
        case stopped(StopOutcome)
        case restarted(UInt32)
        case removed(ProcessID)
        case pruned([ProcessID])
        case named(ModuleDigest?)
        case moduleRemoved(ModuleRemoval)
        case collected(ModuleCollection)
    }

    /// An incarnation that has not ended.
    struct Run: Sendable {
        var script: Script
        var position = 0
        var startedAt: Int64
    }

    typealias Wakes = Monitor<ScriptWorld, Key>.Wakes

    var table: ProcessTable
    var shelf: LogShelf
    var inputs: [ProcessID: InputBuffer] = [:]
    var runs: [ProcessID: Run] = [:]
    /// What the next incarnation of a process is made of, while it lives.
    var scripts: [ProcessID: Script] = [:]
    var outlines: [ProcessID: StartOutline] = [:]
    /// How the incarnations of a process ended, oldest first.
    var ends: [ProcessID: [ExitRecord]] = [:]
    var random = SeededRandom(seed: 7)
    var requests = IdempotencyTable<RequestKey, Answer>()
    var uploads = UploadTable()
    var received: [UploadTable.Key: [UInt8]] = [:]
    var modules: [ModuleDigest: [UInt8]] = [:]
    var owners: [Namespace: Set<ModuleDigest>] = [:]
    var events: [ServerEvent] = []
    /// Modules that somebody is about to start or name.
    var held: [UploadTable.Key: Int] = [:]
    var names: [String: ModuleDigest] = [:]
    /// Names that namespaces gave; they hide those above.
    var pushed: [Namespace: [String: ModuleDigest]] = [:]
    var nextID: UInt64 = 1
    var ticks: Int64 = 0
    var holdsStarts = false
    var compiles = false
    var appendFailure: HostError?
    var failures: [HostError] = []

    /// Nanoseconds since the world began; every look is a microsecond later.
    mutating func now() -> UInt64 {
        ticks += 1_000
        return UInt64(ticks)
    }

    /// A row with what is left of its wait.
    func timed(_ status: ProcessStatus) -> ProcessStatus {
        var status = status
        status.backOffRemaining = status.backOff?.remaining(now: UInt64(ticks)) ?? 0
        return status
    }

    var wallTime: Int64 { 1_767_225_600_000_000_000 + ticks }

    /// The next injected failure, if there is one.
    mutating func failIfTold() throws(HostError) {
        if !failures.isEmpty { throw failures.removeFirst() }
    }

    func digest(_ reference: ModuleReference, in namespace: Namespace) -> ModuleDigest? {
        switch reference {
        case .name(let name):
            ModuleName(name).flatMap { pushed[namespace]?[$0.text] }
                ?? names[name.hasSuffix(".wasm") ? String(name.dropLast(5)) : name]
        case .digest(let digest):
            owners[namespace, default: []].contains(digest)
                || owners[.system, default: []].contains(digest)
                ? digest : nil
        }
    }

    /// Whether the namespace has this module of its own.
    func owns(_ digest: ModuleDigest, size: UInt64, _ namespace: Namespace) -> Bool {
        owners[namespace]?.contains(digest) == true
            && modules[digest].map { UInt64($0.count) } == size
    }

    // MARK: Starting

    struct Judged: Sendable {
        var report: StartReport
        var script: Script
    }

    /// Everything that `start` refuses.
    func judge(_ spec: StartSpec) throws(HostError) -> Judged {
        guard let digest = digest(spec.module, in: spec.namespace), let bytes = modules[digest]
        else {
            throw HostError(.notFound, "no such module")
        }
        guard let script = Script(bytes) else {
            throw HostError(.invalidArgument, "this is no WebAssembly module")
        }
        try spec.checkLimits()
        let entrypoint = spec.entrypoint ?? "_start"
        guard script.entrypoints.contains(entrypoint) else {
            throw HostError(.invalidArgument, "the module has no entrypoint '\(entrypoint)'")
        }
        let granted = Set(spec.grants.map(\.capability))
        let notes = script.imports.filter { !granted.contains($0) }.map {
            ImportNote(module: "script", name: "use_\($0.name)", capability: $0)
        }
        guard !spec.strict || notes.isEmpty else {
            throw HostError(.invalidArgument, "imports that are not granted: \(notes.map(\.name))")
        }
        try hosted { () throws(KernelError) in
            try table.admit(name: spec.name, namespace: spec.namespace, role: spec.role)
        }
        let report = StartReport(
            id: nil, digest: digest, entrypoint: entrypoint,
            grants: spec.grants.sorted { $0.capability.rawValue < $1.capability.rawValue },
            notes: notes)
        return Judged(report: report, script: script)
    }

    mutating func start(_ spec: StartSpec, _ wakes: inout Wakes) throws(HostError) -> StartReport {
        let judged = try judge(spec)
        guard let id = ProcessID(nextID) else { throw HostError(.internal, "no ids left") }
        var report = judged.report
        report.id = id
        let time = now()
        let status = ProcessStatus(
            id: id, namespace: spec.namespace, name: spec.name, creator: spec.creator,
            moduleName: spec.moduleName, moduleDigest: report.digest, entrypoint: report.entrypoint,
            state: .starting, incarnation: 1, createdAt: wallTime, uptimeNanoseconds: 0,
            cpuNanoseconds: 0,
            memory: 65_536, memoryLimit: spec.memoryLimit ?? Limits.processMemory,
            grants: report.grants, exit: nil, policy: spec.policy, labels: spec.labels)
        try hosted { () throws(KernelError) in
            try table.insert(status, role: spec.role, isRemovedAtEnd: spec.isRemovedAtEnd)
        }
        nextID += 1
        shelf.open(id)
        inputs[id] = InputBuffer(takesInput: spec.takesInput)
        scripts[id] = judged.script
        outlines[id] = StartOutline(spec)
        table.publish(id)
        note(.started, id, incarnation: 1, spec.moduleName, &wakes)
        begin(id, incarnation: 1, time, &wakes)
        return report
    }

    /// An incarnation begins.
    private mutating func begin(
        _ id: ProcessID, incarnation: UInt32, _ time: UInt64, _ wakes: inout Wakes
    ) {
        guard let script = scripts[id] else { return }
        runs[id] = Run(script: script, startedAt: wallTime)
        shelf.append(
            .began(incarnation: incarnation), to: id, wallTime: wallTime, monotonicTime: time)
        table.began(id, now: time)
        wakes.wake(.log(id))
        wakes.wake(.began(id))
        run(id, &wakes)
    }

    // MARK: Running

    /// Runs a script until it waits or ends.
    mutating func run(_ id: ProcessID, _ wakes: inout Wakes) {
        while let run = runs[id] {
            guard run.position < run.script.commands.count else {
                end(id, .returned([]), &wakes)
                return
            }
            switch run.script.commands[run.position] {
            case .text(let stream, let bytes): write(id, bytes, stream, &wakes)
            case .wait, .flood: return
            case .ready:
                _ = table.becameReady(id, now: now())
                wakes.wake(.began(id))
            case .echo: guard echo(id, &wakes) else { return }
            case .exit(let code):
                end(id, .exit(code: code), &wakes)
                return
            case .trap(let kind):
                end(id, .trap(TrapRecord(kind: kind, message: "", frames: [])), &wakes)
                return
            }
            runs[id]?.position += 1
        }
    }

    /// Copies what there is; true at the end of stdin.
    private mutating func echo(_ id: ProcessID, _ wakes: inout Wakes) -> Bool {
        while true {
            switch inputs[id]?.read(atMost: 65_536) ?? .end {
            case .bytes(let bytes):
                wakes.wake(.input(id))
                write(id, bytes, .stdout, &wakes)
            case .end: return true
            case .wait: return false
            }
        }
    }

    /// More lines of a program that floods its log.
    mutating func flood(_ id: ProcessID, _ wakes: inout Wakes) {
        guard let run = runs[id], run.position < run.script.commands.count,
            case .flood(let count) = run.script.commands[run.position]
        else { return }
        write(id, Script.lines(count), .stdout, &wakes)
    }

    private mutating func write(
        _ id: ProcessID, _ bytes: [UInt8], _ stream: LogStream, _ wakes: inout Wakes
    ) {
        let time = now()
        shelf.append(
            LogPiece.pieces(of: bytes, stream: stream), to: id, wallTime: wallTime,
            monotonicTime: time)
        wakes.wake(.log(id))
    }

    mutating func end(_ id: ProcessID, _ outcome: ExitOutcome, _ wakes: inout Wakes) {
        guard let run = runs.removeValue(forKey: id), let status = table.unpublished(id) else {
            return
        }
        let time = now()
        guard let ending = table.ended(id, outcome, now: time, using: &random) else { return }
        if let note = ending.note {
            shelf.append(.note(note), to: id, wallTime: wallTime, monotonicTime: time)
        }
        let record = ExitRecord(
            outcome: outcome, incarnation: ending.incarnation,
            stopRequested: ending.stopRequested,
            startedAt: run.startedAt, endedAt: wallTime, cpuNanoseconds: 1_000, peakMemory: 65_536,
            memoryLimit: status.memoryLimit, lastSequence: shelf.next(id))
        shelf.append(
            .ended(record), to: id, wallTime: wallTime, monotonicTime: time, goesOn: ending.goesOn)
        ends[id] = Array((ends[id] ?? []).suffix(Limits.pastEnds)) + [record]
        wakes.wake(.log(id))
        note(.ended, id, incarnation: record.incarnation, outcome.eventDetail, &wakes)
        perform(table.committed(id, exit: record, now: time), id, time, &wakes)
    }

    /// Does what a change asks for: here every change is committed at once.
    private mutating func perform(
        _ next: ProcessTable.Next, _ id: ProcessID, _ time: UInt64, _ wakes: inout Wakes
    ) {
        switch next {
        case .wait: break
        case .begin(let incarnation):
            note(.restarted, id, incarnation: incarnation, "", &wakes)
            begin(id, incarnation: incarnation, time, &wakes)
        case .finish(let pushedOut):
            inputs[id]?.close()
            scripts[id] = nil
            note(.finished, id, table.finalState(id)?.name ?? "", &wakes)
            shelf.finish(id, monotonicTime: time)
            forget(pushedOut, &wakes)
            // Everybody here waits under the lock and has heard of it before anybody else asks.
            wakes.wake(.log(id))
            wakes.wake(.end(id))
            wakes.wake(.began(id))
            wakes.wake(.input(id))
        }
    }

    /// Something happened.
    mutating func note(
        _ kind: ServerEvent.Kind, _ id: ProcessID, incarnation: UInt32 = 0, _ detail: String,
        _ wakes: inout Wakes
    ) {
        if let status = table.unpublished(id) {
            note(kind, status, incarnation: incarnation, detail, &wakes)
        }
    }

    private mutating func note(
        _ kind: ServerEvent.Kind, _ status: ProcessStatus, incarnation: UInt32 = 0,
        _ detail: String, _ wakes: inout Wakes
    ) {
        events.append(
            ServerEvent(
                index: UInt64(events.count) + 1, time: wallTime, kind: kind,
                namespace: status.namespace, process: status.id, incarnation: incarnation,
                name: status.name?.text ?? "", detail: detail))
        wakes.wake(.events)
    }

    private mutating func forget(_ gone: [ProcessID], _ wakes: inout Wakes) {
        for id in gone {
            shelf.remove(id)
            inputs[id] = nil
            outlines[id] = nil
            ends[id] = nil
            wakes.wake(.log(id))
        }
    }

    /// The clock of back-off: whoever waits for it is let go at once.
    mutating func letTimePass(_ wakes: inout Wakes) {
        while let id = table.livingIDs.first(where: { table.deadline($0) != nil }),
            let deadline = table.deadline(id)
        {
            ticks = max(ticks, Int64(clamping: deadline))
            let time = now()
            switch table.timePassed(id, now: time) {
            case .start: perform(table.committed(id, now: time), id, time, &wakes)
            case .healthy: break
            case .interrupt, .none: return
            }
        }
    }

    // MARK: What callers want

    mutating func stop(
        _ id: ProcessID, isKill: Bool, _ wakes: inout Wakes
    ) throws(HostError) -> StopOutcome {
        let time = now()
        let asked =
            isKill
            ? table.killWasRequested(id, now: time) : table.stopWasRequested(id, now: time)
        guard let action = asked else { throw .noProcess(id) }
        switch action {
        case .interrupt(let interruption): end(id, interruption.outcome, &wakes)
        case .end: perform(table.committed(id, now: time), id, time, &wakes)
        case .askGuest, .wait, .suspend, .alreadyEnded: break
        }
        guard let exit = table.status(id)?.exit else { throw .noProcess(id) }
        return action == .alreadyEnded ? .alreadyEnded(exit) : .stopped(exit)
    }

    mutating func restart(_ id: ProcessID, _ wakes: inout Wakes) throws(HostError) -> UInt32 {
        let time = now()
        guard let action = table.restartWasRequested(id, now: time) else { throw .noProcess(id) }
        switch action {
        case .interrupt(let interruption): end(id, interruption.outcome, &wakes)
        case .start: perform(table.committed(id, now: time), id, time, &wakes)
        case .askGuest, .wait: break
        case .stopping: throw .beingStopped(id)
        case .alreadyEnded: throw .hasEnded(id)
        }
        return table.incarnation(id) ?? 1
    }

    mutating func remove(
        _ id: ProcessID, force: Bool, _ wakes: inout Wakes
    ) throws(HostError) {
        guard table.isVisible(id) else { throw .noProcess(id) }
        if force { _ = try stop(id, isKill: true, &wakes) }
        let status = table.status(id)
        guard table.remove(id) else { throw .isAlive(id) }
        if let status { note(.removed, status, "", &wakes) }
        forget([id], &wakes)
    }

    mutating func prune(_ namespace: Namespace, _ wakes: inout Wakes) -> [ProcessID] {
        let ended = table.list(in: [namespace], includingEnded: true)
        let gone = table.prune(namespace)
        for status in ended where gone.contains(status.id) { note(.removed, status, "", &wakes) }
        forget(gone, &wakes)
        return gone
    }
}
