internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension WireModuleRow {
    init(_ status: ModuleStatus) {
        self.init()
        digestBytes = status.digest?.bytes ?? []
        size = status.size
        namespace = status.namespace.name
        names = status.names
        addedAt = status.addedAt
        users = UInt32(clamping: status.users)
    }

    /// About how long the row is on the wire.
    var estimatedLength: Int {
        names.reduce(80 + namespace.utf8.count) { $0 + 8 + $1.utf8.count }
    }
}

extension WireInspectedModule {
    init(_ detail: ModuleDetail) {
        self.init()
        module = WireModuleRow(detail.status)
        imports = detail.imports.map { item in
            .with {
                $0.module = item.module
                $0.name = item.name
                $0.capability = item.capability
                $0.provided = item.isProvided
            }
        }
        exports = detail.exports.map { item in
            .with {
                $0.name = item.name
                $0.kind = item.kind
            }
        }
        exportCount = UInt32(clamping: detail.exportCount)
        initialMemory = detail.initialMemory
        entrypoint = detail.entrypoint
    }

    /// About how much memory the answer takes until it is sent.
    var estimatedLength: Int {
        var length = module.estimatedLength + 64
        for item in imports { length += 32 + item.module.utf8.count + item.name.utf8.count }
        for item in exports { length += 16 + item.name.utf8.count }
        return length
    }
}
