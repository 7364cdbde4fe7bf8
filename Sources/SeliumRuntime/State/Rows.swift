import SeliumABI
import SeliumHosting
import SeliumKernel

/// A process as it is stored: everything `ps` shows of it after a restart. Argument and environment
/// values are not among it.
struct ProcessRow: Sendable {
    var id: ProcessID
    var namespace: Namespace
    var name: ProcessName?
    var creator: Identity
    var moduleName: String
    var moduleDigest: ModuleDigest
    var entrypoint: String
    var grants: [Grant]
    var memoryLimit: UInt64
    var createdAt: Int64
    /// Log sequences up to here may have been given.
    var ceiling: UInt64
    /// The last incarnation's end; nil until there is one.
    var exit: ExitRecord?
    var supervision: StoredSupervision
    /// What it was started with, when it is inserted; read only where somebody asks for it.
    var outline: StartOutline?
    var labels: [ProcessLabel] = []

    /// As a row of the table.
    var status: ProcessStatus {
        ProcessStatus(
            id: id, namespace: namespace, name: name, creator: creator, moduleName: moduleName,
            moduleDigest: moduleDigest, entrypoint: entrypoint, state: .starting, incarnation: 1,
            createdAt: createdAt,
            uptimeNanoseconds: exit.map { UInt64(clamping: $0.endedAt - $0.startedAt) } ?? 0,
            cpuNanoseconds: exit?.cpuNanoseconds ?? 0, memory: 0, memoryLimit: memoryLimit,
            grants: grants, exit: exit, policy: supervision.policy, labels: labels)
    }
}

/// A request that changed something, with its answer.
struct RequestRow: Sendable {
    var key: RequestKey
    var bodyHash: [UInt8]
    var answer: RequestAnswer
    /// Wall clock, nanoseconds since 1970.
    var finishedAt: Int64
}

/// The scope of an idempotency key.
struct RequestKey: IdempotencyKey {
    /// Who sent it, and where to.
    struct Owner: Hashable, Sendable {
        var namespace: Namespace
        var identity: Identity
    }

    var namespace: Namespace
    var identity: Identity
    var key: [UInt8]

    var owner: Owner { Owner(namespace: namespace, identity: identity) }

    init(_ idempotency: Idempotency) {
        namespace = idempotency.namespace
        identity = idempotency.identity
        key = idempotency.key
    }

    init(namespace: Namespace, identity: Identity, key: [UInt8]) {
        self.namespace = namespace
        self.identity = identity
        self.key = key
    }
}

/// What such a request gave.
enum RequestAnswer: Sendable {
    case started(StartReport)
    case stopped(StopOutcome)
    /// The new incarnation.
    case restarted(UInt32)
    case removed(ProcessID)
    case pruned([ProcessID])
    /// What the name of a module meant before.
    case named(ModuleDigest?)
    case moduleRemoved(ModuleRemoval)
    case collected(ModuleCollection)

    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .started(let report):
            writer.number(UInt8(1))
            writer.number(report.id?.rawValue ?? 0)
            writer.blob(report.digest.bytes)
            writer.string(report.entrypoint)
            writer.blob(report.grants.storedBytes)
            writer.list(report.notes) { writer, note in
                writer.string(note.module)
                writer.string(note.name)
                writer.optional(note.capability) { $0.number($1.rawValue) }
            }
        case .stopped(.stopped(let record)):
            writer.number(UInt8(2))
            writer.blob(record.storedBytes)
        case .stopped(.alreadyEnded(let record)):
            writer.number(UInt8(3))
            writer.blob(record.storedBytes)
        case .restarted(let incarnation):
            writer.number(UInt8(4))
            writer.number(incarnation)
        case .removed(let id):
            writer.number(UInt8(5))
            writer.number(id.rawValue)
        case .pruned(let ids):
            writer.number(UInt8(6))
            writer.list(ids) { $0.number($1.rawValue) }
        case .named(let before):
            writer.number(UInt8(7))
            writer.optional(before) { $0.blob($1.bytes) }
        case .moduleRemoved(let removal):
            writer.number(UInt8(8))
            writer.blob(removal.digest.bytes)
            writer.list(removal.names) { $0.string($1) }
            writer.flag(removal.isGone)
        case .collected(let collection):
            writer.number(UInt8(9))
            writer.list(collection.digests) { $0.blob($1.bytes) }
            writer.number(collection.bytes)
        }
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        switch try reader.number(UInt8.self) {
        case 1: self = .started(try StartReport(from: &reader))
        case 2: self = .stopped(.stopped(try ExitRecord(storedBytes: try reader.blob())))
        case 3: self = .stopped(.alreadyEnded(try ExitRecord(storedBytes: try reader.blob())))
        case 4: self = .restarted(try reader.number())
        case 5: self = .removed(try ProcessID(from: &reader))
        case 6: self = .pruned(try reader.list(ProcessID.init(from:)))
        case 7: self = .named(try reader.optional(ModuleDigest.init(from:)))
        case 8:
            self = .moduleRemoved(
                ModuleRemoval(
                    digest: try ModuleDigest(from: &reader),
                    names: try reader.list { (reader) throws(ByteReader.Damage) in
                        try reader.string()
                    }, isGone: try reader.flag()))
        case 9:
            self = .collected(
                ModuleCollection(
                    digests: try reader.list(ModuleDigest.init(from:)), bytes: try reader.number()))
        default: throw ByteReader.Damage()
        }
    }
}

extension ProcessID {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        guard let id = ProcessID(try reader.number()) else { throw ByteReader.Damage() }
        self = id
    }
}

extension ModuleDigest {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        guard let digest = ModuleDigest(bytes: try reader.blob()) else {
            throw ByteReader.Damage()
        }
        self = digest
    }
}

extension StartReport {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        let id = ProcessID(try reader.number())
        guard let digest = ModuleDigest(bytes: try reader.blob()) else { throw ByteReader.Damage() }
        self.init(
            id: id, digest: digest, entrypoint: try reader.string(),
            grants: try [Grant](storedBytes: try reader.blob()),
            notes: try reader.list { (reader) throws(ByteReader.Damage) in
                ImportNote(
                    module: try reader.string(), name: try reader.string(),
                    capability: try reader.optional { (reader) throws(ByteReader.Damage) in
                        try Capability(from: &reader)
                    })
            })
    }
}

extension [Grant] {
    var storedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.list(self) { writer, grant in
            writer.number(grant.capability.rawValue)
            writer.optional(grant.scope) { $0.string($1) }
        }
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        self = try reader.list { (reader) throws(ByteReader.Damage) in
            Grant(
                capability: try Capability(from: &reader),
                scope: try reader.optional { (reader) throws(ByteReader.Damage) in
                    try reader.string()
                })
        }
    }
}

extension [ProcessLabel] {
    /// nil for none.
    var storedBytes: [UInt8]? {
        guard !isEmpty else { return nil }
        var writer = ByteWriter()
        writer.list(self) { writer, label in
            writer.string(label.key)
            writer.string(label.value)
        }
        return writer.bytes
    }

    init(storedBytes: [UInt8]) throws(ByteReader.Damage) {
        var reader = ByteReader(storedBytes)
        self = try reader.list { (reader) throws(ByteReader.Damage) in
            guard let label = ProcessLabel(try reader.string(), try reader.string()) else {
                throw ByteReader.Damage()
            }
            return label
        }
    }
}

extension Capability {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Damage) {
        guard let capability = Capability(rawValue: try reader.number()) else {
            throw ByteReader.Damage()
        }
        self = capability
    }
}
