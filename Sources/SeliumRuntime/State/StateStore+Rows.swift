import GRDB
import SeliumHosting
import SeliumKernel

// Statements are cached per connection: a row in a group costs microseconds.

extension Database {
    func insert(_ row: ProcessRow) throws {
        try cachedStatement(
            sql: "INSERT INTO process VALUES (?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,?,?,?)"
        ).execute(arguments: [
            row.namespace.name, Int64(row.id.rawValue), row.name?.text, row.creator.name,
            row.moduleName,
            row.moduleDigest.bytes.data, row.entrypoint, row.grants.storedBytes.data,
            Int64(clamping: row.memoryLimit), row.createdAt, Int64(clamping: row.ceiling),
            row.supervision.storedBytes.data, row.outline?.storedBytes.data,
            row.labels.storedBytes?.data,
        ])
        try note(.started, row.id, in: row.namespace, incarnation: 1, row.moduleName)
    }

    func insert(_ row: RequestRow) throws {
        try cachedStatement(sql: "INSERT OR REPLACE INTO request VALUES (?,?,?,?,?,?)").execute(
            arguments: [
                row.key.namespace.name, row.key.identity.name, row.key.key.data, row.bodyHash.data,
                row.answer.storedBytes.data, row.finishedAt,
            ])
    }

    /// An incarnation ended like this; the end before it is kept for a while.
    func end(_ id: ProcessID, in namespace: Namespace, _ record: ExitRecord) throws {
        let bytes = record.storedBytes.data
        if record.incarnation > 1 {
            try cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO past_end SELECT namespace, id, ?, exit FROM process
                    WHERE namespace = ? AND id = ? AND exit IS NOT NULL AND exit <> ?
                    """
            ).execute(arguments: [
                Int64(record.incarnation) - 1, namespace.name, Int64(id.rawValue), bytes,
            ])
            try cachedStatement(
                sql: "DELETE FROM past_end WHERE namespace = ? AND id = ? AND incarnation < ?"
            ).execute(arguments: [
                namespace.name, Int64(id.rawValue),
                Int64(record.incarnation) - Int64(Limits.pastEnds),
            ])
        }
        try cachedStatement(
            sql: """
                UPDATE process SET exit = ?
                WHERE namespace = ? AND id = ? AND (exit IS NULL OR exit <> ?)
                """
        ).execute(arguments: [bytes, namespace.name, Int64(id.rawValue), bytes])
        // The same once more, as after a restart of the runtime, is no event.
        guard changesCount > 0 else { return }
        try note(
            .ended, id, in: namespace, incarnation: record.incarnation, record.outcome.eventDetail)
    }

    /// The ends before a process's last, oldest first.
    func pastEnds(_ id: ProcessID, in namespace: Namespace) throws -> [ExitRecord] {
        try Row.fetchAll(
            self,
            sql: "SELECT exit FROM past_end WHERE namespace = ? AND id = ? ORDER BY incarnation",
            arguments: [namespace.name, Int64(id.rawValue)]
        ).compactMap { try? ExitRecord(storedBytes: $0.bytes("exit")) }
    }

    /// What a process was started with; nil when that was not kept, or does not read.
    func outline(_ id: ProcessID, in namespace: Namespace) throws -> StartOutline? {
        let found = try Row.fetchOne(
            self,
            sql: """
                SELECT outline FROM process WHERE namespace = ? AND id = ? AND outline IS NOT NULL
                """, arguments: [namespace.name, Int64(id.rawValue)])
        return found.flatMap { try? StartOutline(storedBytes: $0.bytes("outline")) }
    }

    /// How a process stands; `order` is its place in the order of ends, once it has come to its end.
    func setSupervision(
        _ id: ProcessID, in namespace: Namespace, _ supervision: StoredSupervision, order: Int64?
    ) throws {
        try cachedStatement(
            sql: """
                UPDATE process SET supervision = ?, ended_order = coalesce(?, ended_order)
                WHERE namespace = ? AND id = ?
                """
        ).execute(arguments: [
            supervision.storedBytes.data, order, namespace.name, Int64(id.rawValue),
        ])
    }

    func insertLaunch(_ id: ProcessID, in namespace: Namespace, _ spec: [UInt8]) throws {
        try cachedStatement(sql: "INSERT OR REPLACE INTO launch VALUES (?,?,?)")
            .execute(arguments: [namespace.name, Int64(id.rawValue), spec.data])
    }

    func deleteLaunch(_ id: ProcessID, in namespace: Namespace) throws {
        try cachedStatement(sql: "DELETE FROM launch WHERE namespace = ? AND id = ?")
            .execute(arguments: [namespace.name, Int64(id.rawValue)])
    }

    /// What the next incarnation of a process needs; nil when it is not there, or damaged.
    func launch(of row: ProcessRow) throws -> StartSpec? {
        let found = try Row.fetchOne(
            self, sql: "SELECT spec FROM launch WHERE namespace = ? AND id = ?",
            arguments: [row.namespace.name, Int64(row.id.rawValue)])
        return found.flatMap { try? StartSpec(row, storedLaunch: $0.bytes("spec")) }
    }

    /// The place of the newest end, 0 before the first.
    func lastEndOrder() throws -> Int64 {
        try Int64.fetchOne(self, sql: "SELECT max(ended_order) FROM process") ?? 0
    }

    func raiseCeiling(_ id: ProcessID, in namespace: Namespace, to ceiling: UInt64) throws {
        try cachedStatement(sql: "UPDATE process SET ceiling = ? WHERE namespace = ? AND id = ?")
            .execute(arguments: [Int64(clamping: ceiling), namespace.name, Int64(id.rawValue)])
    }

    func delete(_ id: ProcessID, in namespace: Namespace) throws {
        try note(.removed, id, in: namespace)
        try cachedStatement(sql: "DELETE FROM process WHERE namespace = ? AND id = ?")
            .execute(arguments: [namespace.name, Int64(id.rawValue)])
        try cachedStatement(sql: "DELETE FROM past_end WHERE namespace = ? AND id = ?")
            .execute(arguments: [namespace.name, Int64(id.rawValue)])
        try deleteLaunch(id, in: namespace)
    }

    func deleteRequests(finishedBefore time: Int64) throws {
        try execute(sql: "DELETE FROM request WHERE finished_at < ?", arguments: [time])
    }

    func deleteRequest(_ key: RequestKey) throws {
        try cachedStatement(
            sql: "DELETE FROM request WHERE namespace = ? AND identity = ? AND key = ?"
        ).execute(arguments: [key.namespace.name, key.identity.name, key.key.data])
    }

    func addModule(_ digest: ModuleDigest, size: UInt64, to namespace: Namespace, at time: Int64)
        throws
    {
        try cachedStatement(sql: "INSERT OR IGNORE INTO module VALUES (?,?,?,?)")
            .execute(arguments: [namespace.name, digest.bytes.data, Int64(clamping: size), time])
    }

    /// The namespace does not have it any more, under no name.
    func deleteModule(_ digest: ModuleDigest, of namespace: Namespace) throws {
        let names = try String.fetchAll(
            self,
            sql: "SELECT name FROM module_name WHERE namespace = ? AND digest = ? ORDER BY name",
            arguments: [namespace.name, digest.bytes.data])
        for name in names.isEmpty ? [""] : names {
            try note(.moduleRemoved, name, in: namespace, "\(digest)")
        }
        for sql in [
            "DELETE FROM module WHERE namespace = ? AND digest = ?",
            "DELETE FROM module_name WHERE namespace = ? AND digest = ?",
        ] {
            try cachedStatement(sql: sql)
                .execute(arguments: [namespace.name, digest.bytes.data])
        }
    }

    func setModuleName(
        _ name: ModuleName, in namespace: Namespace, to digest: ModuleDigest
    ) throws {
        try cachedStatement(sql: "INSERT OR REPLACE INTO module_name VALUES (?,?,?)")
            .execute(arguments: [namespace.name, name.text, digest.bytes.data])
        try note(.moduleNamed, name.text, in: namespace, "\(digest)")
    }

    func deleteModuleName(
        _ name: ModuleName, of digest: ModuleDigest, in namespace: Namespace
    ) throws {
        try note(.moduleRemoved, name.text, in: namespace, "\(digest)")
        try cachedStatement(sql: "DELETE FROM module_name WHERE namespace = ? AND name = ?")
            .execute(arguments: [namespace.name, name.text])
    }

    func moduleNameRows() throws
        -> [(namespace: Namespace, name: ModuleName, digest: ModuleDigest)]
    {
        try Row.fetchAll(self, sql: "SELECT * FROM module_name").compactMap { row in
            guard let namespace = Namespace(row["namespace"] as String),
                let name = ModuleName(row["name"] as String),
                let digest = ModuleDigest(bytes: row.bytes("digest"))
            else { return nil }
            return (namespace, name, digest)
        }
    }

    func insertUpload(_ key: UploadTable.Key, size: UInt64) throws {
        try cachedStatement(sql: "INSERT OR REPLACE INTO upload VALUES (?,?,?)")
            .execute(arguments: [key.namespace.name, key.digest.bytes.data, Int64(clamping: size)])
    }

    func deleteUpload(_ key: UploadTable.Key) throws {
        try cachedStatement(sql: "DELETE FROM upload WHERE namespace = ? AND digest = ?")
            .execute(arguments: [key.namespace.name, key.digest.bytes.data])
    }

    /// Makes `through` the last id of all blocks handed out; outside a transaction. With
    /// synchronous=FULL: a number that was given must not come again even after a loss of power.
    func reserveIDs(through: UInt64) throws {
        try execute(sql: "PRAGMA synchronous = FULL")
        defer { try? execute(sql: "PRAGMA synchronous = NORMAL") }
        try execute(
            sql: "UPDATE reserved SET through = ? WHERE what = 'process-id'",
            arguments: [Int64(clamping: through)])
    }

    func reservedIDs() throws -> UInt64 {
        let through = try Int64.fetchOne(
            self, sql: "SELECT through FROM reserved WHERE what = 'process-id'")
        return UInt64(clamping: through ?? 0)
    }

    /// Every process, those that ended in the order of their ends, the others last. A row that does
    /// not read is damage and is left out.
    func processRows() throws -> [ProcessRow] {
        try Row.fetchAll(
            self, sql: "SELECT * FROM process ORDER BY ended_order IS NULL, ended_order, id"
        ).compactMap { row in
            guard let id = ProcessID(UInt64(clamping: row["id"] as Int64)),
                let namespace = Namespace(row["namespace"] as String),
                let creator = Identity(row["creator"] as String),
                let digest = ModuleDigest(bytes: row.bytes("module_digest")),
                let grants = try? [Grant](storedBytes: row.bytes("grants"))
            else { return nil }
            let exit: ExitRecord?
            if row["exit"] as DatabaseValue == .null {
                exit = nil
            } else {
                guard let record = try? ExitRecord(storedBytes: row.bytes("exit")) else {
                    return nil
                }
                exit = record
            }
            let supervision: StoredSupervision
            if row["supervision"] as DatabaseValue == .null {
                supervision = StoredSupervision(before: exit)
            } else {
                guard
                    let stored = try? StoredSupervision(storedBytes: row.bytes("supervision"))
                else { return nil }
                supervision = stored
            }
            let labels: [ProcessLabel]
            if row["labels"] as DatabaseValue == .null {
                labels = []
            } else {
                guard let stored = try? [ProcessLabel](storedBytes: row.bytes("labels")) else {
                    return nil
                }
                labels = stored
            }
            return ProcessRow(
                id: id, namespace: namespace,
                name: (row["name"] as String?).flatMap { ProcessName($0) },
                creator: creator, moduleName: row["module_name"], moduleDigest: digest,
                entrypoint: row["entrypoint"], grants: grants,
                memoryLimit: UInt64(clamping: row["memory_limit"] as Int64),
                createdAt: row["created_at"], ceiling: UInt64(clamping: row["ceiling"] as Int64),
                exit: exit, supervision: supervision, labels: labels)
        }
    }

    func requestRows() throws -> [RequestRow] {
        try Row.fetchAll(self, sql: "SELECT * FROM request ORDER BY finished_at").compactMap {
            row in
            guard let namespace = Namespace(row["namespace"] as String),
                let identity = Identity(row["identity"] as String),
                let answer = try? RequestAnswer(storedBytes: row.bytes("answer"))
            else { return nil }
            return RequestRow(
                key: RequestKey(namespace: namespace, identity: identity, key: row.bytes("key")),
                bodyHash: row.bytes("body_hash"), answer: answer, finishedAt: row["finished_at"])
        }
    }

    func moduleRows() throws
        -> [(namespace: Namespace, digest: ModuleDigest, size: UInt64, addedAt: Int64)]
    {
        try Row.fetchAll(self, sql: "SELECT * FROM module").compactMap { row in
            guard let namespace = Namespace(row["namespace"] as String),
                let digest = ModuleDigest(bytes: row.bytes("digest"))
            else { return nil }
            return (
                namespace, digest, UInt64(clamping: row["size"] as Int64), row["added_at"] as Int64
            )
        }
    }

    func uploadRows() throws -> [(key: UploadTable.Key, size: UInt64)] {
        try Row.fetchAll(self, sql: "SELECT * FROM upload").compactMap { row in
            guard let namespace = Namespace(row["namespace"] as String),
                let digest = ModuleDigest(bytes: row.bytes("digest"))
            else { return nil }
            let key = UploadTable.Key(namespace: namespace, digest: digest)
            return (key, UInt64(clamping: row["size"] as Int64))
        }
    }
}
