internal import SeliumProtocol

extension ModuleReference {
    var wire: WireModuleRef {
        switch self {
        case .name(let name): WireModuleRef(name: name)
        case .digest(let digest): WireModuleRef(digestBytes: digest)
        }
    }
}

extension ModuleStatus {
    init(_ wire: WireModuleRow) {
        self.init(
            digest: wire.digestBytes, size: wire.size, namespace: wire.namespace,
            names: wire.names, addedAt: wire.addedAt, users: wire.users)
    }
}

extension ModuleDetail {
    init(_ wire: WireInspectedModule) {
        self.init(
            status: ModuleStatus(wire.module),
            imports: wire.imports.map {
                Import(
                    module: $0.module, name: $0.name, capability: $0.capability,
                    isProvided: $0.provided)
            },
            exports: wire.exports.map { Export(name: $0.name, kind: $0.kind) },
            exportCount: wire.exportCount, initialMemory: wire.initialMemory,
            entrypoint: wire.entrypoint)
    }
}

extension PushedModule {
    init(_ wire: WirePushedModule) {
        let replaced = wire.replacedBytes
        self.init(
            digest: wire.digestBytes, name: wire.name, replaced: replaced.isEmpty ? nil : replaced)
    }
}

extension RemovedModule {
    init(_ wire: WireRemovedModule) {
        self.init(digest: wire.digestBytes, names: wire.names, isGone: wire.isGone)
    }
}

extension CollectedModules {
    init(_ wire: WireCollectedModules) {
        self.init(digests: wire.digestsBytes, bytes: wire.bytes)
    }
}
