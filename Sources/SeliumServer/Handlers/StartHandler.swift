internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Starts a process: everything that can be judged is judged before a byte of a module is wanted.
    func start(
        _ start: WireStart, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let grants = try Authorization.grants(start.grants, for: caller)
        let wanted = try StartRequest(start, grants: grants, namespace: namespace, caller: caller)
        let filter = try LogFilter(start.attach.streams, field: "start.attach")
        if start.input { try Authorization.check(.input, for: caller) }
        let key = start.dryRun ? nil : idempotency(in: namespace)
        let report = try await keeping(wanted.spec.module, in: namespace) {
            () async throws(RequestError) in
            try await provide(wanted, key, in: namespace)
            return try await hosted { () async throws(HostError) in
                start.dryRun
                    ? try await host.dryRun(wanted.spec, observer: scope.observe)
                    : try await host.start(wanted.spec, idempotency: key, observer: scope.observe)
            }
        }
        guard !start.dryRun, start.hasAttach || start.input else {
            return .started(WireStarted(report))
        }
        guard let id = report.id else {
            throw RequestError(.internal, "the host named no process")
        }
        return try await goOn(id, report, start, filter)
    }

    /// Sees to it that the server has the module, asking for its bytes if need be.
    private func provide(
        _ wanted: StartRequest, _ key: Idempotency?, in namespace: Namespace
    ) async throws(RequestError) {
        let spec = wanted.spec
        let known = try await hosted { () async throws(HostError) in
            try await host.module(spec.module, in: namespace)
        }
        guard known == nil, case .digest(let digest) = spec.module, let size = wanted.uploadSize
        else { return }
        // The start judges all of it again; this spares the client an upload for nothing.
        try await hosted { () async throws(HostError) in
            try await host.admit(spec, idempotency: key)
        }
        try await bring(digest, size: size, in: namespace)
    }

    /// Until `body` is over, no collection takes a module that is given by its digest.
    func keeping<Value: Sendable>(
        _ module: ModuleReference, in namespace: Namespace,
        _ body: () async throws(RequestError) -> Value
    ) async throws(RequestError) -> Value {
        guard case .digest(let digest) = module else { return try await body() }
        host.holdModule(digest, in: namespace)
        defer { host.releaseModule(digest, in: namespace) }
        return try await body()
    }

    /// Asks for a module's bytes, until the namespace has it.
    func bring(
        _ digest: ModuleDigest, size: UInt64, in namespace: Namespace
    ) async throws(RequestError) {
        let upload = try await hosted { () async throws(HostError) in
            try await host.beginUpload(
                digest, size: size, namespace: namespace, role: caller.role)
        }
        do throws(RequestError) {
            try await scope.receive(upload)
            _ = try await hosted { () async throws(HostError) in try await host.commit(upload) }
        } catch {
            await host.suspend(upload)
            throw error
        }
    }

    /// The process exists; the stream follows it, feeds it, or both.
    private func goOn(
        _ id: ProcessID, _ report: StartReport, _ start: WireStart, _ filter: LogFilter
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let claim = start.input ? try await claimInput(of: id) : nil
        return try await holding(claim) { () async throws(RequestError) in
            try await scope.beginFollowing(input: claim, on: host)
            try await scope.send(.started(WireStarted(report)))
            guard start.hasAttach else {
                try await scope.inputEnded()
                return .started(WireStarted(report))
            }
            let from = try await position(start.attach, filter, of: id)
            return try await end(of: id, follow(id, from: from, filter))
        }
    }

    /// nil when the process has ended already, which is nobody's fault: it swallows its input.
    private func claimInput(of id: ProcessID) async throws(RequestError) -> InputClaim? {
        do throws(HostError) {
            return try await host.openInput(id)
        } catch {
            let status = try await hosted { () async throws(HostError) in try await host.status(id)
            }
            guard error.code == .failedPrecondition, status?.state.hasEnded ?? true else {
                throw RequestError(error)
            }
            return nil
        }
    }
}
