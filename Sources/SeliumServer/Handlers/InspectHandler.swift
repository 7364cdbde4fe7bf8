internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// Everything there is to know about a process, but for its output and its secrets.
    func inspect(
        _ inspect: WireInspect, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let status = try await authorization.resolve(
            inspect.process, field: "inspect.process", in: namespace, for: caller, to: .inspect)
        let found = try await hosted { () async throws(HostError) in
            try await host.inspect(status.id)
        }
        guard let detail = found else { throw .notFound(String(status.id.rawValue)) }
        let answer = WireInspected(detail)
        guard await scope.reserve(answer.estimatedLength) else {
            throw .exhausted("the answers of this identity that are under way hold too much")
        }
        return .inspected(answer)
    }
}
