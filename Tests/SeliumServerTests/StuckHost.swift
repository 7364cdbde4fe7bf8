import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import Synchronization

/// A host whose `info` answers when the test says so, and not before, cancelled or not.
final class StuckHost: ProcessHost {
    private let host: InMemoryProcessHost
    private let waiters = Mutex<[CheckedContinuation<Void, Never>]?>([])

    init(_ host: InMemoryProcessHost) { self.host = host }

    func release() {
        let waiting = waiters.withLock { waiters in
            let waiting = waiters ?? []
            waiters = nil
            return waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    func info() async throws(HostError) -> HostInfo {
        await withCheckedContinuation { continuation in
            let isReleased = waiters.withLock { waiters in
                waiters?.append(continuation)
                return waiters == nil
            }
            if isReleased { continuation.resume() }
        }
        return try await host.info()
    }

    func start(
        _ spec: StartSpec, idempotency: Idempotency?, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        try await host.start(spec, idempotency: idempotency, observer: observer)
    }
    func admit(_ spec: StartSpec, idempotency: Idempotency?) async throws(HostError) {
        try await host.admit(spec, idempotency: idempotency)
    }
    func dryRun(
        _ spec: StartSpec, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        try await host.dryRun(spec, observer: observer)
    }
    func stop(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await host.stop(id, idempotency: idempotency)
    }
    func kill(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await host.kill(id, idempotency: idempotency)
    }
    func restart(_ id: ProcessID, idempotency: Idempotency?) async throws(HostError) -> UInt32 {
        try await host.restart(id, idempotency: idempotency)
    }
    func remove(
        _ id: ProcessID, force: Bool, idempotency: Idempotency?
    ) async throws(HostError) {
        try await host.remove(id, force: force, idempotency: idempotency)
    }
    func removed(by idempotency: Idempotency) async throws(HostError) -> ProcessID? {
        try await host.removed(by: idempotency)
    }
    func prune(
        _ namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> [ProcessID] {
        try await host.prune(namespace, idempotency: idempotency)
    }
    func lookup(
        _ name: ProcessName, in namespace: Namespace
    ) async throws(HostError) -> ProcessID? {
        try await host.lookup(name, in: namespace)
    }
    func status(_ id: ProcessID) async throws(HostError) -> ProcessStatus? {
        try await host.status(id)
    }
    func nameModule(
        _ digest: ModuleDigest, _ name: ModuleName, in namespace: Namespace,
        idempotency: Idempotency?
    ) async throws(HostError) -> ModuleDigest? {
        try await host.nameModule(digest, name, in: namespace, idempotency: idempotency)
    }
    func ownsModule(_ digest: ModuleDigest, _ namespace: Namespace) async throws(HostError) -> Bool
    {
        try await host.ownsModule(digest, namespace)
    }
    func modules(in namespaces: Set<Namespace>?) async throws(HostError) -> [ModuleStatus] {
        try await host.modules(in: namespaces)
    }
    func inspectModule(
        _ reference: ModuleReference, in namespace: Namespace, role: Role,
        observer: StartObserver?
    ) async throws(HostError) -> ModuleDetail {
        try await host.inspectModule(reference, in: namespace, role: role, observer: observer)
    }
    func removeModule(
        _ reference: ModuleReference, in namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleRemoval {
        try await host.removeModule(reference, in: namespace, idempotency: idempotency)
    }
    func holdModule(_ digest: ModuleDigest, in namespace: Namespace) {
        host.holdModule(digest, in: namespace)
    }
    func releaseModule(_ digest: ModuleDigest, in namespace: Namespace) {
        host.releaseModule(digest, in: namespace)
    }
    func collectModules(
        in namespace: Namespace, isDryRun: Bool, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleCollection {
        try await host.collectModules(
            in: namespace, isDryRun: isDryRun, idempotency: idempotency)
    }
    func inspect(_ id: ProcessID) async throws(HostError) -> ProcessDetail? {
        try await host.inspect(id)
    }
    func processes(
        in namespaces: Set<Namespace>?, includingEnded: Bool
    ) async throws(HostError) -> [ProcessStatus] {
        try await host.processes(in: namespaces, includingEnded: includingEnded)
    }
    func readLog(
        _ id: ProcessID, from: UInt64, atMost: Int
    ) async throws(HostError) -> LogBatch {
        try await host.readLog(id, from: from, atMost: atMost)
    }
    func logPosition(_ id: ProcessID, _ start: LogStart) async throws(HostError) -> UInt64 {
        try await host.logPosition(id, start)
    }
    func openInput(_ id: ProcessID) async throws(HostError) -> InputClaim {
        try await host.openInput(id)
    }
    func writeInput(
        _ claim: InputClaim, _ bytes: [UInt8], end: Bool
    ) async throws(HostError) {
        try await host.writeInput(claim, bytes, end: end)
    }
    func closeInput(_ claim: InputClaim) async { await host.closeInput(claim) }
    func wait(_ id: ProcessID) async throws(HostError) -> ExitRecord { try await host.wait(id) }
    func events(
        from start: EventStart, in namespaces: Set<Namespace>?, atMost: Int, isOnce: Bool
    ) async throws(HostError) -> EventBatch {
        try await host.events(from: start, in: namespaces, atMost: atMost, isOnce: isOnce)
    }
    func waitUntilRunning(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await host.waitUntilRunning(id)
    }
    func waitUntilReady(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await host.waitUntilReady(id)
    }
    func module(
        _ reference: ModuleReference, in namespace: Namespace
    ) async throws(HostError) -> ModuleInfo? {
        try await host.module(reference, in: namespace)
    }
    func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role
    ) async throws(HostError) -> ModuleUpload {
        try await host.beginUpload(digest, size: size, namespace: namespace, role: role)
    }
    func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError) {
        try await host.append(bytes, to: upload)
    }
    func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        try await host.commit(upload)
    }
    func suspend(_ upload: ModuleUpload) async { await host.suspend(upload) }
}
