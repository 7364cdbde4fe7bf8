internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

extension RequestHandler {
    /// Forgets a process.
    func remove(
        _ remove: WireRemove, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let key = idempotency(in: namespace)
        // A repeat finds no process: what it removed must not be looked for.
        if let key, let id = try await removed(by: key) { return .removed(WireRemoved(id)) }
        let status = try await authorization.resolve(
            remove.process, field: "remove.process", in: namespace, for: caller, to: .remove)
        try await hosted { () async throws(HostError) in
            try await host.remove(status.id, force: remove.force, idempotency: key)
        }
        return .removed(WireRemoved(status.id))
    }

    private func removed(by key: Idempotency) async throws(RequestError) -> ProcessID? {
        try await hosted { () async throws(HostError) in try await host.removed(by: key) }
    }
}

extension WireRemoved {
    fileprivate init(_ id: ProcessID) {
        self.init()
        self.id = id.rawValue
    }
}
