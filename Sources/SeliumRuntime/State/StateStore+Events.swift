import GRDB
import SeliumHosting
import SeliumKernel

/// How far events are committed.
struct EventMarks: Sendable {
    /// What tasks wait for.
    enum Key: Hashable, Sendable {
        case all
        case namespace(Namespace)
    }

    /// The newest index, 0 before the first.
    var last: Int64 = 0
    /// The newest of each namespace that had one since the start, or that somebody waits for.
    var newest: [Namespace: Int64] = [:]
    /// Nobody waits any more.
    var isClosed = false

    /// Whether there is an event behind `index` in one of these namespaces (nil: in any).
    func hasMore(than index: Int64, in namespaces: Set<Namespace>?) -> Bool {
        guard let namespaces else { return last > index }
        return namespaces.contains { newest[$0] ?? 0 > index }
    }
}

extension StateStore {
    /// Lets those who wait look at what was committed.
    func tellEvents(_ database: Database) {
        let before = eventMarks.withLock { $0.last }
        guard let last = try? database.lastEvent(), last > before,
            let new = try? database.newEvents(after: before)
        else { return }
        eventMarks.update { marks, wakes in
            marks.last = last
            for (namespace, newest) in new {
                marks.newest[namespace] = newest
                wakes.wake(.namespace(namespace))
            }
            wakes.wake(.all)
        }
    }

    /// Nobody waits for events any more.
    func endEvents() {
        eventMarks.update { marks, wakes in
            marks.isClosed = true
            for namespace in marks.newest.keys { wakes.wake(.namespace(namespace)) }
            wakes.wake(.all)
        }
    }
}

// Events are rows of the transaction of what they tell.
extension Database {
    /// Something happened to a process that has a row.
    func note(
        _ kind: ServerEvent.Kind, _ id: ProcessID, in namespace: Namespace,
        incarnation: UInt32 = 0, _ detail: String = ""
    ) throws {
        try cachedStatement(
            sql: """
                INSERT INTO event SELECT namespace, ?, ?, ?, id, ?, coalesce(name, ''), ? FROM process
                WHERE namespace = ? AND id = ?
                """
        ).execute(arguments: [
            try nextEvent(namespace), SystemClock().realtime(), Int64(kind.rawValue),
            Int64(incarnation), detail, namespace.name, Int64(id.rawValue),
        ])
    }

    /// Something happened to a module.
    func note(
        _ kind: ServerEvent.Kind, _ name: String, in namespace: Namespace, _ detail: String
    ) throws {
        try cachedStatement(sql: "INSERT INTO event VALUES (?,?,?,?,NULL,0,?,?)")
            .execute(arguments: [
                namespace.name, try nextEvent(namespace), SystemClock().realtime(),
                Int64(kind.rawValue), name, detail,
            ])
    }

    /// The next index; makes room for it now and then.
    private func nextEvent(_ namespace: Namespace) throws -> Int64 {
        try cachedStatement(sql: "UPDATE reserved SET through = through + 1 WHERE what = 'event'")
            .execute()
        let index = try lastEvent()
        if index % 64 == 0 {
            try cachedStatement(
                sql: """
                    DELETE FROM event WHERE namespace = ? AND number <= (
                        SELECT number FROM event WHERE namespace = ?
                        ORDER BY number DESC LIMIT 1 OFFSET ?)
                    """
            ).execute(arguments: [namespace.name, namespace.name, Limits.events - 1])
        }
        return index
    }

    /// The newest index, 0 before the first.
    func lastEvent() throws -> Int64 {
        try Int64.fetchOne(
            try cachedStatement(sql: "SELECT through FROM reserved WHERE what = 'event'")) ?? 0
    }

    /// Whose events are newer than this, with the newest of each.
    func newEvents(after index: Int64) throws -> [(namespace: Namespace, last: Int64)] {
        try Row.fetchAll(
            try cachedStatement(
                sql: """
                    SELECT namespace, max(number) AS last FROM event WHERE number > ?
                    GROUP BY namespace
                    """), arguments: [index]
        ).compactMap { row in
            Namespace(row["namespace"] as String).map { ($0, row["last"] as Int64) }
        }
    }

    /// Events from this index on, the oldest first.
    func events(
        from index: Int64, in namespaces: Set<Namespace>?, atMost: Int
    ) throws -> [ServerEvent] {
        var sql = "SELECT * FROM event WHERE number >= ?"
        var arguments: StatementArguments = [index]
        if let namespaces {
            let marks = namespaces.map { _ in "?" }.joined(separator: ",")
            // Of one the key has the order; the planner sees that of an equation only.
            sql += namespaces.count == 1 ? " AND namespace = ?" : " AND namespace IN (\(marks))"
            arguments += StatementArguments(namespaces.map(\.name))
        }
        sql += " ORDER BY number LIMIT ?"
        arguments += [atMost]
        return try Row.fetchAll(self, sql: sql, arguments: arguments).compactMap { row in
            guard let namespace = Namespace(row["namespace"] as String),
                let raw = UInt8(exactly: row["kind"] as Int64),
                let kind = ServerEvent.Kind(rawValue: raw)
            else { return nil }
            return ServerEvent(
                index: UInt64(clamping: row["number"] as Int64), time: row["time"], kind: kind,
                namespace: namespace,
                process: (row["id"] as Int64?).flatMap { ProcessID(UInt64(clamping: $0)) },
                incarnation: UInt32(clamping: row["incarnation"] as Int64), name: row["name"],
                detail: row["detail"])
        }
    }

    /// The first event that was written at this time or later, nil for none.
    func firstEvent(since time: Int64, in namespaces: Set<Namespace>?) throws -> Int64? {
        var sql = "SELECT min(number) FROM event WHERE time >= ?"
        var arguments: StatementArguments = [time]
        if let namespaces {
            let marks = namespaces.map { _ in "?" }.joined(separator: ",")
            sql += " AND namespace IN (\(marks))"
            arguments += StatementArguments(namespaces.map(\.name))
        }
        return try Int64.fetchOne(self, sql: sql, arguments: arguments)
    }
}
