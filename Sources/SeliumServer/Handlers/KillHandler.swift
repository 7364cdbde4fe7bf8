internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// Ends a process without asking it, and answers when it is gone.
    func kill(
        _ kill: WireKill, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            kill.process, field: "kill.process", in: namespace, for: caller, to: .kill)
        let key = idempotency(in: namespace)
        let outcome = try await hosted { () async throws(HostError) in
            try await host.kill(status.id, idempotency: key)
        }
        return .stopped(WireStopped(status.id, outcome))
    }
}
