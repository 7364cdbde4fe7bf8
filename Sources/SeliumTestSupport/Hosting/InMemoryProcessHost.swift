package import SeliumHosting
package import SeliumKernel
internal import SeliumTLSCore

/// A `ProcessHost` without an engine, a disk or a clock: its programs are `Script`s.
///
/// A control server is tested over it; it passes the same `HostContract` as the runtime.
package final class InMemoryProcessHost: ProcessHost {
    private typealias World = Monitor<ScriptWorld, ScriptWorld.Key>

    private let world: World

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
        guard case .started(let report) = answer else {
            throw HostError(.aborted, "this idempotency key was used for another request")
        }
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
        let answer = try await once(idempotency) { () throws(HostError) in
            try self.world.update { (world, wakes) throws(HostError) in
                try world.failIfTold()
                return .stopped(try world.stop(id, &wakes))
            }
        }
        guard case .stopped(let outcome) = answer else {
            throw HostError(.aborted, "this idempotency key was used for another request")
        }
        return outcome
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
            return world.table.status(id)
        }
    }

    package func processes(
        in namespaces: Set<Namespace>?, includingEnded: Bool
    ) async throws(HostError) -> [ProcessStatus] {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return world.table.list(in: namespaces, includingEnded: includingEnded)
        }
    }

    package func wait(_ id: ProcessID) async throws(HostError) -> ExitRecord {
        try await world.wait(for: .end(id)) { (world, _) throws(HostError) -> ExitRecord? in
            guard let status = world.table.status(id) else { throw .noProcess(id) }
            return status.state.hasEnded ? status.exit : nil
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
        _ id: ProcessID, tail count: Int?, streams: Set<LogStream>
    ) async throws(HostError) -> UInt64 {
        try world.withLock { (world) throws(HostError) in
            guard let position = world.shelf.position(id, tail: count, streams: streams) else {
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

    // MARK: Modules

    package func module(
        _ reference: ModuleReference, in namespace: Namespace
    ) async throws(HostError) -> ModuleInfo? {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return world.digest(reference, in: namespace).flatMap { digest in
                world.modules[digest].map { ModuleInfo(digest: digest, size: UInt64($0.count)) }
            }
        }
    }

    package func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role
    ) async throws(HostError) -> ModuleUpload {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            let key = UploadTable.Key(namespace: namespace, digest: digest)
            if world.owns(digest, size: size, namespace) {
                return ModuleUpload(
                    namespace: namespace, digest: digest, size: size, offset: size, token: 0)
            }
            let stored = world.owners[namespace, default: []].reduce(0) {
                $0 + UInt64(world.modules[$1]?.count ?? 0)
            }
            let begun = try hosted { () throws(KernelError) in
                try world.uploads.begin(key, size: size, role: role, stored: stored)
            }
            if begun.offset == 0 { world.received[key] = [] }
            return ModuleUpload(
                namespace: namespace, digest: digest, size: size, offset: begun.offset,
                token: begun.token)
        }
    }

    package func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError) {
        try world.withLock { (world) throws(HostError) in
            if let failure = world.appendFailure { throw failure }
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            try hosted { () throws(KernelError) in
                try world.uploads.received(bytes.count, key: key, token: upload.token)
            }
            world.received[key, default: []] += bytes
        }
    }

    package func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        try world.withLock { (world) throws(HostError) in
            if world.owns(upload.digest, size: upload.size, upload.namespace) {
                return ModuleInfo(digest: upload.digest, size: upload.size)
            }
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            try hosted { () throws(KernelError) in
                try world.uploads.complete(key, token: upload.token)
            }
            let bytes = world.received.removeValue(forKey: key) ?? []
            world.uploads.remove(key, token: upload.token)
            guard Self.digest(of: bytes) == upload.digest else {
                throw HostError(.dataLoss, "the bytes that came are not \(upload.digest)")
            }
            world.modules[upload.digest] = bytes
            world.owners[upload.namespace, default: []].insert(upload.digest)
            return ModuleInfo(digest: upload.digest, size: UInt64(bytes.count))
        }
    }

    package func suspend(_ upload: ModuleUpload) async {
        world.withLock { world in
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            let durable = UInt64(world.received[key]?.count ?? 0)
            world.uploads.suspend(key, token: upload.token, durable: durable, now: world.now())
        }
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
