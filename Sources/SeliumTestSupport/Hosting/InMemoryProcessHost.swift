package import SeliumHosting
package import SeliumKernel
internal import SeliumTLSCore

/// A `ProcessHost` without an engine, a disk or a clock: its programs are `Script`s.
///
/// A control server is tested over it; it passes the same `HostContract` as the runtime.
package final class InMemoryProcessHost: ProcessHost {
    typealias World = Monitor<ScriptWorld, ScriptWorld.Key>

    let world: World

    /// An empty host.
    ///
    /// - Parameters:
    ///   - ceiling: how many processes may live at once.
    ///   - logMemory: bytes of log kept in all; `logKept`: of one process.
    package init(
        ceiling: Int = 1_000_000, logMemory: Int = Limits.logMemory, logKept: Int = Limits.logKept
    ) {
        world = World(
            ScriptWorld(
                table: ProcessTable(ceiling: ceiling),
                shelf: LogShelf(capacity: logMemory, capacityEach: logKept)))
    }

    // MARK: What a test arranges

    /// Puts a module under a name into `system`, visible to everybody, as a file in `modules/` is.
    @discardableResult
    package func addModule(_ name: String, _ bytes: [UInt8]) -> ModuleDigest {
        let digest = Self.digest(of: bytes)
        world.withLock { world in
            world.modules[digest] = bytes
            world.owners[.system, default: []].insert(digest)
            world.names[name.hasSuffix(".wasm") ? String(name.dropLast(5)) : name] = digest
        }
        return digest
    }

    /// Lets starts wait (as a long compile does) until `releaseStarts`.
    package func holdStarts() { world.withLock { $0.holdsStarts = true } }

    /// Bytes of unfinished uploads that are stored.
    package var uploadedBytes: Int {
        world.withLock { $0.received.values.reduce(0) { $0 + $1.count } }
    }

    /// Appends to uploads fail from now on with `error`; nil: they work again.
    package func failAppends(_ error: HostError?) { world.withLock { $0.appendFailure = error } }

    /// Starts say from now on that they wait for a compile.
    package func pretendToCompile() {
        world.update { world, wakes in
            world.compiles = true
            wakes.wake(.starts)
        }
    }

    /// Lets the starts that wait go on.
    package func releaseStarts() {
        world.update { world, wakes in
            world.holdsStarts = false
            wakes.wake(.starts)
        }
    }

    /// The next call that can fail does so with `error`; several are used up in order.
    package func failNext(_ error: HostError) { world.withLock { $0.failures.append(error) } }

    /// The SHA-256 of a module.
    package static func digest(of bytes: [UInt8]) -> ModuleDigest {
        guard let digest = ModuleDigest(bytes: SHA256.hash(bytes)) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        return digest
    }

    // MARK: Processes

    package func start(
        _ spec: StartSpec, idempotency: Idempotency?, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        let answer = try await once(idempotency) { () throws(HostError) in
            _ = try await self.world.wait(for: .starts) { world, _ in
                if world.compiles { observer?(.compiling) }
                return world.holdsStarts ? nil : true
            }
            return try self.world.update { (world, wakes) throws(HostError) in
                try world.failIfTold()
                return .started(try world.start(spec, &wakes))
            }
        }
        guard case .started(let report) = answer else { throw Self.reusedKey }
        return report
    }

    package func admit(_ spec: StartSpec, idempotency: Idempotency?) async throws(HostError) {
        try spec.checkLimits()
        try world.withLock { (world) throws(HostError) in
            let (table, requests) = (world.table, world.requests)
            try hosted { () throws(KernelError) in
                if let idempotency {
                    let key = ScriptWorld.RequestKey(idempotency)
                    if try requests.knows(key, bodyHash: idempotency.bodyHash) { return }
                }
                try table.admit(name: spec.name, namespace: spec.namespace, role: spec.role)
            }
        }
    }

    package func dryRun(
        _ spec: StartSpec, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return try world.judge(spec).report
        }
    }

    package func stop(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await end(id, idempotency, isKill: false)
    }

    package func kill(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await end(id, idempotency, isKill: true)
    }

    private func end(
        _ id: ProcessID, _ idempotency: Idempotency?, isKill: Bool
    ) async throws(HostError) -> StopOutcome {
        let answer = try await change(idempotency) { (world, wakes) throws(HostError) in
            .stopped(try world.stop(id, isKill: isKill, &wakes))
        }
        guard case .stopped(let outcome) = answer else { throw Self.reusedKey }
        return outcome
    }

    package func restart(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> UInt32 {
        let answer = try await change(idempotency) { (world, wakes) throws(HostError) in
            .restarted(try world.restart(id, &wakes))
        }
        guard case .restarted(let incarnation) = answer else { throw Self.reusedKey }
        return incarnation
    }

    package func remove(
        _ id: ProcessID, force: Bool, idempotency: Idempotency?
    ) async throws(HostError) {
        let answer = try await change(idempotency) { (world, wakes) throws(HostError) in
            try world.remove(id, force: force, &wakes)
            return .removed(id)
        }
        guard case .removed = answer else { throw Self.reusedKey }
    }

    package func removed(by idempotency: Idempotency) async throws(HostError) -> ProcessID? {
        let key = ScriptWorld.RequestKey(idempotency)
        return try world.withLock { (world) throws(HostError) -> ProcessID? in
            let requests = world.requests
            let answer = try hosted { () throws(KernelError) in
                try requests.result(key, bodyHash: idempotency.bodyHash)
            }
            guard case .removed(let id)? = answer else { return nil }
            return id
        }
    }

    package func prune(
        _ namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> [ProcessID] {
        let answer = try await change(idempotency) { (world, wakes) throws(HostError) in
            .pruned(world.prune(namespace, &wakes))
        }
        guard case .pruned(let gone) = answer else { throw Self.reusedKey }
        return gone
    }

    /// Lets every back-off be over, one after the other.
    package func letTimePass() { world.update { world, wakes in world.letTimePass(&wakes) } }

    static let reusedKey = HostError(
        .aborted, "this idempotency key was used for another request")

    func change(
        _ idempotency: Idempotency?,
        _ effect:
            @Sendable (
                inout ScriptWorld, inout ScriptWorld.Wakes
            ) throws(HostError) -> ScriptWorld.Answer
    ) async throws(HostError) -> ScriptWorld.Answer {
        try await once(idempotency) { () throws(HostError) in
            try self.world.update { (world, wakes) throws(HostError) in
                try world.failIfTold()
                return try effect(&world, &wakes)
            }
        }
    }

    private func once(
        _ idempotency: Idempotency?,
        _ effect: () async throws(HostError) -> ScriptWorld.Answer
    ) async throws(HostError) -> ScriptWorld.Answer {
        guard let idempotency else { return try await effect() }
        let key = ScriptWorld.RequestKey(idempotency)
        let verdict = try await world.wait(for: .request(key)) {
            (world, _) throws(HostError) -> IdempotencyTable<
                ScriptWorld.RequestKey, ScriptWorld.Answer
            >
                .Verdict? in
            let wallTime = world.wallTime
            let verdict = try hosted { () throws(KernelError) in
                try world.requests.begin(key, bodyHash: idempotency.bodyHash, wallTime: wallTime)
            }
            if case .join = verdict { return nil }
            return verdict
        }
        if case .done(let answer) = verdict { return answer }
        do throws(HostError) {
            let answer = try await effect()
            world.update { world, wakes in
                world.requests.finish(key, answer, wallTime: world.wallTime)
                wakes.wake(.request(key))
            }
            return answer
        } catch {
            world.update { world, wakes in
                world.requests.fail(key)
                wakes.wake(.request(key))
            }
            throw error
        }
    }

    package func lookup(
        _ name: ProcessName, in namespace: Namespace
    ) async throws(HostError) -> ProcessID? {
        world.withLock { $0.table.lookup(name, in: namespace) }
    }

    package func status(_ id: ProcessID) async throws(HostError) -> ProcessStatus? {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return world.table.status(id).map { world.timed($0) }
        }
    }

    package func inspect(_ id: ProcessID) async throws(HostError) -> ProcessDetail? {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            guard let status = world.table.status(id).map({ world.timed($0) }),
                let range = world.shelf.range(id)
            else { return nil }
            return ProcessDetail(
                status: status, outline: world.outlines[id], ends: world.ends[id] ?? [], log: range)
        }
    }

    package func processes(
        in namespaces: Set<Namespace>?, includingEnded: Bool
    ) async throws(HostError) -> [ProcessStatus] {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return world.table.list(in: namespaces, includingEnded: includingEnded)
                .map { world.timed($0) }
        }
    }

    package func wait(_ id: ProcessID) async throws(HostError) -> ExitRecord {
        try await world.wait(for: .end(id)) { (world, _) throws(HostError) -> ExitRecord? in
            guard let status = world.table.status(id) else { throw .noProcess(id) }
            return status.state.hasEnded ? status.exit : nil
        }
    }

    package func waitUntilRunning(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await wait(id, for: { $0.lastRun(id) }, isNow: { $0.status(id)?.state == .running })
    }

    package func waitUntilReady(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await wait(id, for: { $0.lastReady(id) }, isNow: { $0.isReady(id) })
    }

    private func wait(
        _ id: ProcessID, for last: @escaping @Sendable (ProcessTable) -> UInt32,
        isNow: @escaping @Sendable (ProcessTable) -> Bool
    ) async throws(HostError) -> UInt32 {
        let before = world.withLock { last($0.table) }
        return try await world.wait(for: .began(id)) { (world, _) throws(HostError) -> UInt32? in
            guard let status = world.table.status(id) else { throw .noProcess(id) }
            let newest = last(world.table)
            if newest > before || isNow(world.table) { return newest }
            guard !status.state.hasEnded else { throw .hasEnded(id) }
            return nil
        }
    }

    // MARK: Logs

    package func readLog(
        _ id: ProcessID, from: UInt64, atMost: Int
    ) async throws(HostError) -> LogBatch {
        try await world.wait(for: .log(id)) { (world, wakes) throws(HostError) -> LogBatch? in
            guard world.table.status(id) != nil else { throw .noProcess(id) }
            world.flood(id, &wakes)
            return try hosted { () throws(KernelError) in
                try world.shelf.read(id, from: from, atMost: atMost)
            }
        }
    }

    package func logPosition(
        _ id: ProcessID, _ start: LogStart
    ) async throws(HostError) -> UInt64 {
        try world.withLock { (world) throws(HostError) in
            guard let position = world.shelf.position(id, start) else {
                throw .noProcess(id)
            }
            return position
        }
    }

    // MARK: Stdin

    package func openInput(_ id: ProcessID) async throws(HostError) -> InputClaim {
        try world.withLock { (world) throws(HostError) in
            guard world.inputs[id] != nil else { throw .noProcess(id) }
            let token = try hosted { () throws(KernelError) in try world.inputs[id]?.open() }
            return InputClaim(id: id, token: token ?? 0)
        }
    }

    package func writeInput(
        _ claim: InputClaim, _ bytes: [UInt8], end: Bool
    ) async throws(HostError) {
        var rest = bytes[...]
        while true {
            let taken = try await world.wait(for: .input(claim.id)) {
                (world, wakes) throws(HostError) -> Int? in
                guard world.inputs[claim.id] != nil else { return rest.count }
                let taken = try hosted { () throws(KernelError) in
                    try world.inputs[claim.id]?.write(rest, token: claim.token) ?? 0
                }
                if taken == rest.count, end { world.inputs[claim.id]?.finish(token: claim.token) }
                world.run(claim.id, &wakes)
                return taken > 0 || rest.isEmpty ? taken : nil
            }
            rest = rest.dropFirst(taken)
            if rest.isEmpty { return }
        }
    }

    package func closeInput(_ claim: InputClaim) async {
        world.withLock { $0.inputs[claim.id]?.release(claim.token) }
    }

    package func info() async throws(HostError) -> HostInfo {
        world.withLock { world in
            HostInfo(
                engine: "in-memory", startedAt: 1_767_225_600_000_000_000,
                livingProcesses: world.table.livingTotal, processCeiling: nil,
                logBytes: UInt64(world.shelf.cost))
        }
    }
}
