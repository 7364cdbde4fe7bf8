internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension RequestHandler {
    /// Gives a module a name, asking for its bytes if need be.
    func pushModule(
        _ push: WirePushModule, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        guard let digest = ModuleDigest(bytes: push.digestBytes) else {
            throw RequestError(
                .invalidArgument, "a digest has 32 bytes", field: "push_module.digest")
        }
        guard let name = ModuleName(push.name) else {
            throw RequestError(
                .invalidArgument,
                "names are letters, digits, '.', '_' and '-', at most 63, not only digits",
                field: "push_module.name")
        }
        try Self.checkChangeable(namespace)
        let key = idempotency(in: namespace)
        let replaced = try await keeping(.digest(digest), in: namespace) {
            () async throws(RequestError) in
            let owns = try await hosted { () async throws(HostError) in
                try await host.ownsModule(digest, namespace)
            }
            if !owns { try await bring(digest, size: push.size, in: namespace) }
            return try await hosted { () async throws(HostError) in
                try await host.nameModule(digest, name, in: namespace, idempotency: key)
            }
        }
        var pushed = WirePushedModule()
        pushed.digestBytes = digest.bytes
        pushed.name = name.text
        pushed.replacedBytes = replaced?.bytes ?? []
        return .pushedModule(pushed)
    }

    /// What the caller may start.
    func listModules() async throws(RequestError) -> WireResult.OneOf_Result {
        let visible = try Authorization.visible(request.message.namespace, to: caller)
        let all = try await hosted { () async throws(HostError) in
            try await host.modules(in: visible)
        }
        let rows = all.map { WireModuleRow($0) }
        let size = min(
            rows.reduce(0) { $0 + $1.estimatedLength },
            scope.session.configuration.maximumBufferedPerIdentity / 2)
        guard await scope.reserve(size) else {
            throw .exhausted("the answers of this identity that are under way hold too much")
        }
        var part = WireModules()
        var length = 0
        for row in rows {
            let next = row.estimatedLength
            if length + next > scope.session.configuration.listFrame, length > 0 {
                scope.beginWaiting()
                try await scope.send(.modules(part))
                part = WireModules()
                length = 0
            }
            part.modules.append(row)
            length += next
        }
        return .modules(part)
    }

    /// What a module is made of.
    func inspectModule(
        _ inspect: WireInspectModule, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let reference = try Self.reference(inspect.module, "inspect_module.module")
        let detail = try await hosted { () async throws(HostError) in
            try await host.inspectModule(
                reference, in: namespace, role: caller.role, observer: scope.observe)
        }
        let answer = WireInspectedModule(detail)
        guard await scope.reserve(answer.estimatedLength) else {
            throw .exhausted("the answers of this identity that are under way hold too much")
        }
        return .inspectedModule(answer)
    }

    /// Forgets a name or a module.
    func removeModule(
        _ remove: WireRemoveModule, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        let reference = try Self.reference(remove.module, "remove_module.module")
        try Self.checkChangeable(namespace)
        let key = idempotency(in: namespace)
        let removal = try await hosted { () async throws(HostError) in
            try await host.removeModule(reference, in: namespace, idempotency: key)
        }
        var removed = WireRemovedModule()
        removed.digestBytes = removal.digest.bytes
        removed.names = removal.names
        removed.isGone = removal.isGone
        return .removedModule(removed)
    }

    /// Forgets what nobody names or uses.
    func collectModules(
        _ collect: WireCollectModules, in namespace: Namespace
    ) async throws(RequestError) -> WireResult.OneOf_Result {
        try Self.checkChangeable(namespace)
        let key = collect.dryRun ? nil : idempotency(in: namespace)
        let collection = try await hosted { () async throws(HostError) in
            try await host.collectModules(
                in: namespace, isDryRun: collect.dryRun, idempotency: key)
        }
        var collected = WireCollectedModules()
        collected.digestsBytes = collection.digests.map(\.bytes)
        collected.bytes = collection.bytes
        return .collectedModules(collected)
    }

    /// The modules of `system` are files: who can write there changes them.
    private static func checkChangeable(_ namespace: Namespace) throws(RequestError) {
        guard namespace == .system else { return }
        throw RequestError(
            .failedPrecondition, "the modules of 'system' are files of the server's modules folder",
            remedy: "change the files there", field: "namespace")
    }

    private static func reference(
        _ wire: WireModuleRef, _ field: String
    ) throws(RequestError) -> ModuleReference {
        switch wire.ref {
        case .digest?:
            guard let digest = wire.digestBytes.flatMap({ ModuleDigest(bytes: $0) }) else {
                throw RequestError(
                    .invalidArgument, "a digest has 32 bytes", field: "\(field).digest")
            }
            return .digest(digest)
        case .name(let name)?:
            guard !name.isEmpty, name.utf8.count <= StartRequest.maximumName, !name.utf8.contains(0)
            else {
                throw RequestError(
                    .invalidArgument, "empty, more than 255 bytes, or a NUL", field: "\(field).name"
                )
            }
            return .name(name)
        case nil: throw RequestError(.invalidArgument, "no module is named", field: field)
        }
    }
}
