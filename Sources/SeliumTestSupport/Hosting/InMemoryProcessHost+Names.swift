internal import SeliumABI
package import SeliumHosting
package import SeliumKernel

extension InMemoryProcessHost {
    /// As if a caller of that namespace had sent the module.
    package func give(_ bytes: [UInt8], to namespace: String) {
        guard let namespace = Namespace(namespace) else { return }
        let digest = Self.digest(of: bytes)
        world.withLock { world in
            world.modules[digest] = bytes
            world.owners[namespace, default: []].insert(digest)
        }
    }

    package func nameModule(
        _ digest: ModuleDigest, _ name: ModuleName, in namespace: Namespace,
        idempotency: Idempotency?
    ) async throws(HostError) -> ModuleDigest? {
        let answer = try await change(idempotency) { (world, _) throws(HostError) in
            guard world.owners[namespace]?.contains(digest) == true else {
                throw .noModule(.digest(digest))
            }
            let names = world.pushed[namespace] ?? [:]
            guard names[name.text] != nil || names.count < Limits.moduleNames else {
                throw HostError(.resourceExhausted, "too many names of modules")
            }
            let before = world.pushed[namespace, default: [:]].updateValue(
                digest, forKey: name.text)
            return .named(before == digest ? nil : before)
        }
        guard case .named(let replaced) = answer else { throw Self.reusedKey }
        return replaced
    }

    package func ownsModule(
        _ digest: ModuleDigest, _ namespace: Namespace
    ) async throws(HostError) -> Bool {
        world.withLock { $0.owners[namespace]?.contains(digest) == true }
    }

    package func modules(
        in namespaces: Set<Namespace>?
    ) async throws(HostError) -> [ModuleStatus] {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            var rows: [ModuleStatus] = []
            for (namespace, digests) in world.owners
            where namespace == .system || namespaces?.contains(namespace) ?? true {
                for digest in digests { rows.append(world.row(digest, namespace)) }
            }
            return rows.sorted(by: ModuleStatus.isBefore)
        }
    }

    package func inspectModule(
        _ reference: ModuleReference, in namespace: Namespace, role: Role,
        observer: StartObserver?
    ) async throws(HostError) -> ModuleDetail {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            guard let digest = world.digest(reference, in: namespace),
                let bytes = world.modules[digest]
            else { throw .noModule(reference) }
            guard let script = Script(bytes) else {
                throw HostError(.invalidArgument, "this is no WebAssembly module")
            }
            let owns = world.owners[namespace]?.contains(digest) == true
            return ModuleDetail(
                status: world.row(digest, owns ? namespace : .system),
                imports: script.imports.map {
                    .init(
                        module: "script", name: "use_\($0.name)", capability: $0.name,
                        isProvided: true)
                },
                exports: script.entrypoints.sorted().map { .init(name: $0, kind: "function") },
                exportCount: script.entrypoints.count, initialMemory: 65_536, entrypoint: "_start")
        }
    }

    package func removeModule(
        _ reference: ModuleReference, in namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleRemoval {
        let answer = try await change(idempotency) { (world, _) throws(HostError) in
            let name: String?
            switch reference {
            case .digest: name = nil
            case .name(let text): name = ModuleName(text)?.text ?? ""
            }
            let named = name.flatMap { world.pushed[namespace]?[$0] }
            let given: ModuleDigest? =
                if case .digest(let digest) = reference { digest } else { nil }
            guard let digest = named ?? given,
                world.owners[namespace]?.contains(digest) == true
            else { throw .noModule(reference) }
            let names = world.row(digest, namespace).names
            if let name, names != [name] {
                world.pushed[namespace]?[name] = nil
                return .moduleRemoved(
                    ModuleRemoval(digest: digest, names: [name], isGone: false))
            }
            if let user = world.users(digest, namespace).first {
                throw .isInUse(digest, by: user)
            }
            world.forget(digest, namespace)
            return .moduleRemoved(ModuleRemoval(digest: digest, names: names, isGone: true))
        }
        guard case .moduleRemoved(let removal) = answer else { throw Self.reusedKey }
        return removal
    }

    package func holdModule(_ digest: ModuleDigest, in namespace: Namespace) {
        let key = UploadTable.Key(namespace: namespace, digest: digest)
        world.withLock { $0.held[key, default: 0] += 1 }
    }

    package func releaseModule(_ digest: ModuleDigest, in namespace: Namespace) {
        let key = UploadTable.Key(namespace: namespace, digest: digest)
        world.withLock { world in
            let count = world.held[key, default: 1] - 1
            world.held[key] = count > 0 ? count : nil
        }
    }

    package func collectModules(
        in namespace: Namespace, isDryRun: Bool, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleCollection {
        let answer = try await change(idempotency) { (world, _) throws(HostError) in
            let gone = (world.owners[namespace] ?? []).filter { digest in
                world.row(digest, namespace).names.isEmpty
                    && world.users(digest, namespace).isEmpty
                    && world.held[UploadTable.Key(namespace: namespace, digest: digest)] == nil
            }.prefix(Limits.collectedModules)
            let bytes = gone.reduce(0) { $0 + UInt64(world.modules[$1]?.count ?? 0) }
            if !isDryRun { for digest in gone { world.forget(digest, namespace) } }
            return .collected(
                ModuleCollection(digests: gone.sorted { $0.hex < $1.hex }, bytes: bytes))
        }
        guard case .collected(let collection) = answer else { throw Self.reusedKey }
        return collection
    }
}

extension ScriptWorld {
    /// Living processes of the namespace that use a module.
    fileprivate func users(_ digest: ModuleDigest, _ namespace: Namespace) -> [ProcessID] {
        table.livingIDs.filter { id in
            guard let status = table.unpublished(id) else { return false }
            return status.namespace == namespace && status.moduleDigest == digest
        }
    }

    fileprivate func row(_ digest: ModuleDigest, _ namespace: Namespace) -> ModuleStatus {
        let named =
            namespace == .system
            ? names.filter { $0.value == digest }.map { $0.key + ".wasm" }
            : (pushed[namespace] ?? [:]).filter { $0.value == digest }.map(\.key)
        return ModuleStatus(
            digest: digest, size: UInt64(modules[digest]?.count ?? 0), namespace: namespace,
            names: named.sorted(), addedAt: 0, users: users(digest, namespace).count)
    }

    /// The namespace does not have it any more; its bytes go with the last that has.
    fileprivate mutating func forget(_ digest: ModuleDigest, _ namespace: Namespace) {
        owners[namespace]?.remove(digest)
        pushed[namespace] = pushed[namespace]?.filter { $0.value != digest }
        if !owners.values.contains(where: { $0.contains(digest) }) { modules[digest] = nil }
    }
}
