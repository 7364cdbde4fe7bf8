internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// Begins another incarnation of a process, and answers when it has begun.
    func restart(
        _ restart: WireRestart, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            restart.process, field: "restart.process", in: namespace, for: caller, to: .restart)
        let key = idempotency(in: namespace)
        let incarnation = try await hosted { () async throws(HostError) in
            try await host.restart(status.id, idempotency: key)
        }
        var restarted = WireRestarted()
        restarted.id = status.id.rawValue
        restarted.incarnation = incarnation
        return .restarted(restarted)
    }
}
