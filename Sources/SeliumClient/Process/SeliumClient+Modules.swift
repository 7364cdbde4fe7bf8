internal import SeliumProtocol
internal import SeliumTLSCore

extension SeliumClient {
    /// Gives a module a name in the caller's namespace; its bytes are sent only when the namespace
    /// does not have them. A name that is taken means this module from now on.
    ///
    /// - Parameters:
    ///   - module: a file or bytes; `invalidArgument` for another source.
    ///   - name: letters, digits and `. - _`, never only digits; `.wasm` at its end says nothing.
    ///   - progress: called now and then while it is sent; must not block.
    @discardableResult
    public func push(
        _ module: ModuleSource, as name: String,
        progress: (@Sendable (StartProgress) -> Void)? = nil
    ) async throws(ClientError) -> PushedModule {
        let content: ModuleContent
        switch module {
        case .file(let path): content = try ModuleContent(file: path)
        case .bytes(let bytes, let name): content = try ModuleContent(bytes: bytes, name: name)
        case .name, .digest:
            throw ClientError(.invalidArgument, "only a file or bytes can be pushed")
        }
        var push = WirePushModule()
        push.digestBytes = content.digest
        push.size = content.size
        push.name = name
        let request = request(.pushModule(push), changesSomething: true)
        var retries = Retries(context.reconnection)
        while true {
            do {
                return try await send(request, content, progress)
            } catch {
                try await retries.pause(after: error)
            }
        }
    }

    private nonisolated(nonsending) func send(
        _ request: WireRequest, _ content: ModuleContent,
        _ progress: (@Sendable (StartProgress) -> Void)?
    ) async throws(ClientError) -> PushedModule {
        guard let call = ClientCall(request) else { throw Self.misplaced }
        let lease = try await context.lease(isLongLived: false)
        let reader = AnswerReader(
            try await Exchange.begin(request, on: lease, context), call: call)
        while true {
            switch try await reader.next() {
            case .sendModule(let offset):
                try await content.send(
                    from: offset, over: reader.exchange, isLast: true, context.logger, progress)
            case .succeeded(.pushedModule(let pushed)): return PushedModule(pushed)
            case .succeeded: throw Self.misplaced
            default: break
            }
        }
    }

    /// The modules the caller may start: those of the namespaces it may see, and the files of the
    /// server's modules folder (namespace `system`).
    public func modules() async throws(ClientError) -> [ModuleStatus] {
        let result = try await ask(.listModules(WireListModules()))
        guard case .modules(let last) = result.last else { throw Self.misplaced }
        return (result.moduleRows + last.modules).map(ModuleStatus.init)
    }

    /// What a module is made of. The server compiles it if nobody has before, and fails as a start
    /// would.
    public func inspectModule(
        _ reference: ModuleReference
    ) async throws(ClientError) -> ModuleDetail {
        var inspect = WireInspectModule()
        inspect.module = reference.wire
        let result = try await ask(.inspectModule(inspect))
        guard case .inspectedModule(let inspected) = result.last else { throw Self.misplaced }
        return ModuleDetail(inspected)
    }

    /// Forgets a name of the caller's namespace, and the module with its last one; or, by its digest,
    /// a module with all its names.
    ///
    /// - Throws: `failedPrecondition` for a module that a living process uses.
    @discardableResult
    public func removeModule(
        _ reference: ModuleReference
    ) async throws(ClientError) -> RemovedModule {
        var remove = WireRemoveModule()
        remove.module = reference.wire
        let result = try await ask(.removeModule(remove), changesSomething: true)
        guard case .removedModule(let removed) = result.last else { throw Self.misplaced }
        return RemovedModule(removed)
    }

    /// Forgets every module of the caller's namespace that has no name and that no living process
    /// uses; with `dryRun` it only says which these are.
    @discardableResult
    public func collectModules(dryRun: Bool = false) async throws(ClientError) -> CollectedModules {
        var collect = WireCollectModules()
        collect.dryRun = dryRun
        let result = try await ask(.collectModules(collect), changesSomething: !dryRun)
        guard case .collectedModules(let collected) = result.last else { throw Self.misplaced }
        return CollectedModules(collected)
    }
}
