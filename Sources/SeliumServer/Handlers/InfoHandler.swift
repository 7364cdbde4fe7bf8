internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// What runs here, and who the server takes the caller for.
    func info(in namespace: Namespace) async throws(RequestError) -> WireResult.OneOf_Result {
        let info = try await hosted { () async throws(HostError) in try await host.info() }
        return .info(
            WireServerInfo(
                info, caller: caller, namespace: namespace,
                version: scope.session.configuration.version))
    }
}
