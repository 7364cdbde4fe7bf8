internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// Forgets what has ended in the namespace.
    func prune(in namespace: Namespace) async throws(RequestError) -> WireResult.OneOf_Result {
        let key = idempotency(in: namespace)
        let gone = try await hosted { () async throws(HostError) in
            try await host.prune(namespace, idempotency: key)
        }
        var pruned = WirePruned()
        pruned.ids = gone.map(\.rawValue)
        return .pruned(pruned)
    }
}
