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
        case request(RequestKey)
        case starts
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
    }

    /// A process that has not ended.
    struct Run: Sendable {
        var script: Script
        var position = 0
        var startedAt: Int64
        var grants: [Grant]
    }

    typealias Wakes = Monitor<ScriptWorld, Key>.Wakes

    var table: ProcessTable
    var shelf: LogShelf
    var inputs: [ProcessID: InputBuffer] = [:]
    var runs: [ProcessID: Run] = [:]
    var requests = IdempotencyTable<RequestKey, Answer>()
    var uploads = UploadTable()
    var received: [UploadTable.Key: [UInt8]] = [:]
    var modules: [ModuleDigest: [UInt8]] = [:]
    var owners: [Namespace: Set<ModuleDigest>] = [:]
    var names: [String: ModuleDigest] = [:]
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

    var wallTime: Int64 { 1_767_225_600_000_000_000 + ticks }

    /// The next injected failure, if there is one.
    mutating func failIfTold() throws(HostError) {
        if !failures.isEmpty { throw failures.removeFirst() }
    }

    func digest(_ reference: ModuleReference, in namespace: Namespace) -> ModuleDigest? {
        switch reference {
        case .name(let name): names[name.hasSuffix(".wasm") ? String(name.dropLast(5)) : name]
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
            grants: report.grants,
            exit: nil)
        try hosted { () throws(KernelError) in try table.insert(status, role: spec.role) }
        nextID += 1
        shelf.open(id)
        inputs[id] = InputBuffer(takesInput: spec.takesInput)
        runs[id] = Run(script: judged.script, startedAt: wallTime, grants: report.grants)
        shelf.append(.began(incarnation: 1), to: id, wallTime: wallTime, monotonicTime: time)
        table.began(id)
        table.publish(id)
        run(id, &wakes)
        return report
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
        let record = ExitRecord(
            outcome: outcome, incarnation: 1, stopRequested: table.stopRequested(id),
            startedAt: run.startedAt, endedAt: wallTime, cpuNanoseconds: 1_000, peakMemory: 65_536,
            memoryLimit: status.memoryLimit, lastSequence: shelf.next(id))
        inputs[id]?.close()
        shelf.append(.ended(record), to: id, wallTime: wallTime, monotonicTime: time)
        for gone in table.ended(id, record, now: time) {
            shelf.remove(gone)
            inputs[gone] = nil
            wakes.wake(.log(gone))
        }
        wakes.wake(.log(id))
        wakes.wake(.end(id))
        wakes.wake(.input(id))
    }

    mutating func stop(_ id: ProcessID, _ wakes: inout Wakes) throws(HostError) -> StopOutcome {
        switch table.stopWasRequested(id) {
        case nil: throw .noProcess(id)
        case .alreadyEnded:
            guard let exit = table.status(id)?.exit else { throw .noProcess(id) }
            return .alreadyEnded(exit)
        case .interrupt, .wait:
            end(id, .killed(.noStopHandler), &wakes)
            guard let exit = table.status(id)?.exit else { throw .noProcess(id) }
            return .stopped(exit)
        }
    }
}
