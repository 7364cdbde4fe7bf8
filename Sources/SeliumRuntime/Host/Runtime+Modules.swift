import SeliumABI
public import SeliumHosting
public import SeliumKernel
import SeliumWasm

extension Runtime {
    public func ownsModule(
        _ digest: ModuleDigest, _ namespace: Namespace
    ) async throws(HostError) -> Bool {
        modules.table.withLock { $0.owners[namespace]?[digest] != nil }
    }

    public func nameModule(
        _ digest: ModuleDigest, _ name: ModuleName, in namespace: Namespace,
        idempotency: Idempotency?
    ) async throws(HostError) -> ModuleDigest? {
        let answer = try await once(idempotency) { () throws(HostError) in
            // Under one lock with the look: who removes the module takes the name with it.
            let before = try self.modules.table.withLock {
                (table) throws(HostError) -> ModuleDigest? in
                guard table.owners[namespace]?[digest] != nil else {
                    throw .noModule(.digest(digest))
                }
                let names = table.names[namespace] ?? [:]
                let before = names[name.text]
                guard before != nil || names.count < Limits.moduleNames else {
                    throw HostError(
                        .resourceExhausted,
                        "namespace \(namespace) has \(Limits.moduleNames) names of modules",
                        remedy: "forget some: selium module rm NAME")
                }
                table.setName(name.text, in: namespace, to: digest)
                return before
            }
            let replaced = before == digest ? nil : before
            let request = self.requestRow(idempotency, .named(replaced))
            let isCommitted = await self.state.commit { database in
                try database.setModuleName(name, in: namespace, to: digest)
                if let request { try database.insert(request) }
            }
            guard isCommitted else {
                self.modules.table.withLock { table in
                    guard table.names[namespace]?[name.text] == digest else { return }
                    table.setName(name.text, in: namespace, to: before)
                }
                throw Self.notWritten
            }
            return .named(replaced)
        }
        guard case .named(let replaced) = answer else { throw Self.reusedKey }
        return replaced
    }

    public func modules(
        in namespaces: Set<Namespace>?
    ) async throws(HostError) -> [ModuleStatus] {
        let users = moduleUsers()
        return await modules.list(in: namespaces) { digest, namespace in
            users[namespace]?[digest]?.count ?? 0
        }
    }

    public func inspectModule(
        _ reference: ModuleReference, in namespace: Namespace, role: Role,
        observer: StartObserver?
    ) async throws(HostError) -> ModuleDetail {
        let module = try await modules.load(reference, in: namespace, role: role, observer)
        let digest = module.digest
        let users = moduleUsers()
        let (owner, owned, names) = modules.table.withLock { table in
            let owner = table.owners[namespace]?[digest] == nil ? Namespace.system : namespace
            var names = table.names(of: digest, in: owner)
            if owner == .system {
                names = table.named.filter { $0.value.digest == digest }.map(\.key).sorted()
            }
            return (owner, table.owners[owner]?[digest], names)
        }
        let exports = module.prepared.module.exports
        return ModuleDetail(
            status: ModuleStatus(
                digest: digest, size: owned?.size ?? 0, namespace: owner, names: names,
                addedAt: owned?.addedAt ?? 0, users: users[owner]?[digest]?.count ?? 0),
            imports: module.allImports,
            exports: exports.prefix(ModuleDetail.maximumExports).map { export in
                .init(name: cleanedText(export.name, limit: 64), kind: Self.kind(export.type))
            }, exportCount: exports.count, initialMemory: module.initialMemory,
            entrypoint: module.defaultEntrypoint)
    }

    private static func kind(_ type: ItemType) -> String {
        switch type {
        case .function: "function"
        case .global: "global"
        case .table: "table"
        case .memory: "memory"
        case .tag: "tag"
        }
    }

    public func removeModule(
        _ reference: ModuleReference, in namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleRemoval {
        let answer = try await once(idempotency) { () throws(HostError) in
            .moduleRemoved(try await self.remove(reference, namespace, idempotency))
        }
        guard case .moduleRemoved(let removal) = answer else { throw Self.reusedKey }
        return removal
    }

    private func remove(
        _ reference: ModuleReference, _ namespace: Namespace, _ idempotency: Idempotency?
    ) async throws(HostError) -> ModuleRemoval {
        let (removal, owned) = try withUsers {
            (users, table) throws(HostError) -> (ModuleRemoval, ModuleTable.Owned?) in
            let (digest, name) = try Self.own(reference, namespace, table)
            let names = table.names(of: digest, in: namespace)
            if let name, names != [name] {
                table.setName(name, in: namespace, to: nil)
                return (ModuleRemoval(digest: digest, names: [name], isGone: false), nil)
            }
            if let user = users[namespace]?[digest]?.min() { throw .isInUse(digest, by: user) }
            let owned = table.owners[namespace]?[digest]
            table.disown(digest, by: namespace)
            return (ModuleRemoval(digest: digest, names: names, isGone: true), owned)
        }
        let request = requestRow(idempotency, .moduleRemoved(removal))
        let isCommitted = await state.commit { database in
            if removal.isGone {
                try database.deleteModule(removal.digest, of: namespace)
            } else {
                for name in removal.names.compactMap({ ModuleName($0) }) {
                    try database.deleteModuleName(name, of: removal.digest, in: namespace)
                }
            }
            if let request { try database.insert(request) }
        }
        guard isCommitted else {
            restore(removal, owned, in: namespace)
            throw Self.notWritten
        }
        if removal.isGone { await modules.collect([removal.digest]) }
        return removal
    }

    /// A removal that could not be written did not happen.
    private func restore(
        _ removal: ModuleRemoval, _ owned: ModuleTable.Owned?, in namespace: Namespace
    ) {
        modules.table.withLock { table in
            if let owned {
                table.own(removal.digest, size: owned.size, by: namespace, at: owned.addedAt)
            }
            for name in removal.names where table.names[namespace]?[name] == nil {
                table.setName(name, in: namespace, to: removal.digest)
            }
        }
    }

    /// A module of the namespace's own, and the name it was called by.
    private static func own(
        _ reference: ModuleReference, _ namespace: Namespace, _ table: ModuleTable
    ) throws(HostError) -> (ModuleDigest, String?) {
        switch reference {
        case .digest(let digest):
            guard table.owners[namespace]?[digest] != nil else { throw .noModule(reference) }
            return (digest, nil)
        case .name(let text):
            guard let name = ModuleName(text), let digest = table.names[namespace]?[name.text]
            else { throw .noModule(reference) }
            return (digest, name.text)
        }
    }

    public func holdModule(_ digest: ModuleDigest, in namespace: Namespace) {
        modules.table.withLock { $0.hold(.init(namespace: namespace, digest: digest)) }
    }

    public func releaseModule(_ digest: ModuleDigest, in namespace: Namespace) {
        modules.table.withLock { $0.release(.init(namespace: namespace, digest: digest)) }
    }

    public func collectModules(
        in namespace: Namespace, isDryRun: Bool, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleCollection {
        let answer = try await once(idempotency) { () throws(HostError) in
            .collected(try await self.collect(namespace, isDryRun, idempotency))
        }
        guard case .collected(let collection) = answer else { throw Self.reusedKey }
        return collection
    }

    private func collect(
        _ namespace: Namespace, _ isDryRun: Bool, _ idempotency: Idempotency?
    ) async throws(HostError) -> ModuleCollection {
        let gone = withUsers { users, table -> [ModuleDigest: ModuleTable.Owned] in
            let named = Set(table.names[namespace].map { Array($0.values) } ?? [])
            let loose = (table.owners[namespace] ?? [:]).filter { digest, _ in
                !named.contains(digest) && users[namespace]?[digest] == nil
                    && !table.isHeld(UploadTable.Key(namespace: namespace, digest: digest))
            }
            let gone = Dictionary(
                uniqueKeysWithValues: loose.prefix(Limits.collectedModules).map { $0 })
            if !isDryRun { for digest in gone.keys { table.disown(digest, by: namespace) } }
            return gone
        }
        let digests = gone.keys.sorted { $0.hex < $1.hex }
        let collection = ModuleCollection(
            digests: digests, bytes: gone.values.reduce(0) { $0 &+ $1.size })
        guard !isDryRun else { return collection }
        let request = requestRow(idempotency, .collected(collection))
        let isCommitted = await state.commit { database in
            for digest in digests { try database.deleteModule(digest, of: namespace) }
            if let request { try database.insert(request) }
        }
        guard isCommitted else {
            modules.table.withLock { table in
                for (digest, owned) in gone {
                    table.own(digest, size: owned.size, by: namespace, at: owned.addedAt)
                }
            }
            throw Self.notWritten
        }
        await modules.collect(digests)
        return collection
    }

    /// Which living processes use which modules. One that is being started is among them from the
    /// moment it has an id.
    private typealias ModuleUsers = [Namespace: [ModuleDigest: [ProcessID]]]

    private static func users(_ table: ProcessTable) -> ModuleUsers {
        var users: ModuleUsers = [:]
        for id in table.livingIDs {
            guard let status = table.unpublished(id) else { continue }
            users[status.namespace, default: [:]][status.moduleDigest, default: []].append(id)
        }
        return users
    }

    private func moduleUsers() -> ModuleUsers { world.withLock { Self.users($0.table) } }

    /// Changes the modules while nobody can begin to use one: a start enters its process under the
    /// same lock, and looks whether its module is still there.
    private func withUsers<R: Sendable, E: Error>(
        _ body: (ModuleUsers, inout ModuleTable) throws(E) -> R
    ) throws(E) -> R {
        try world.withLock { (world) throws(E) -> R in
            let users = Self.users(world.table)
            return try modules.table.withLock { (table) throws(E) -> R in
                try body(users, &table)
            }
        }
    }

    private func requestRow(_ idempotency: Idempotency?, _ answer: RequestAnswer) -> RequestRow? {
        let now = clock.realtime()
        return idempotency.map { Self.row($0, answer, at: now) }
    }
}
