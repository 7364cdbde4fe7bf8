import Glibc
import SeliumHosting
import SeliumKernel

extension ModuleStore {
    /// Whether a namespace may start the module at this moment.
    func isUsable(_ digest: ModuleDigest, by namespace: Namespace) -> Bool {
        table.withLock { $0.size(digest, for: namespace) != nil }
    }

    /// Modules of these namespaces and of `system`; `users` counts living processes.
    func list(
        in namespaces: Set<Namespace>?, users: (ModuleDigest, Namespace) -> Int
    ) async -> [ModuleStatus] {
        let own = table.withLock { table -> [ModuleStatus] in
            let owners = table.owners.filter { namespace, _ in
                namespace != .system && namespaces?.contains(namespace) ?? true
            }
            return owners.flatMap { namespace, modules in
                let names = Dictionary(grouping: table.names[namespace] ?? [:]) { $0.value }
                return modules.map { digest, owned in
                    ModuleStatus(
                        digest: digest, size: owned.size, namespace: namespace,
                        names: names[digest]?.map(\.key).sorted() ?? [], addedAt: owned.addedAt,
                        users: 0)
                }
            }
        }
        var all = own + (await files.run { self.folderFiles() })
        for index in all.indices {
            guard let digest = all[index].digest else { continue }
            all[index].users = users(digest, all[index].namespace)
        }
        return all.sorted(by: ModuleStatus.isBefore)
    }

    /// Every file of `modules/`; its digest where it is known as it is now.
    private func folderFiles() -> [ModuleStatus] {
        guard let folder = try? directory.openModules(), let names = try? folder.names() else {
            return []
        }
        return names.filter { $0.hasSuffix(".wasm") && ModuleSpec.isFileName($0) }
            .prefix(Limits.moduleFiles).compactMap { name in
                // Without waiting, should it be a FIFO.
                guard let file = try? File.open(name, in: folder, O_RDONLY | O_NONBLOCK),
                    let status = try? file.status(), status.isRegular
                else { return nil }
                let known = table.withLock { table in
                    table.named[name].flatMap { $0.status == status ? $0.digest : nil }
                }
                let addedAt = known.flatMap { digest in
                    table.withLock { $0.owners[.system]?[digest]?.addedAt }
                }
                return ModuleStatus(
                    digest: known, size: status.size, namespace: .system, names: [name],
                    addedAt: addedAt ?? 0, users: 0)
            }
    }

    /// Unlinks bytes that nobody has any more, after what has them do.
    func collect(_ digests: [ModuleDigest]) async {
        let (table, store, cache) = (table, directory.store, cache)
        await files.run {
            // Whoever copies a module into the store says so on this queue, before it looks.
            for digest in digests where table.withLock({ $0.abandonIfUnowned(digest) }) {
                try? store.unlink(digest.hex)
                cache.remove(digest)
            }
        }
    }
}
