internal import SeliumClient

/// Records as JSON lines; docs/json.md describes every member.
enum RecordJSON {
    /// One line of the program's output, or a structured record.
    static func line(_ line: LogLine, process: UInt64) -> JSONValue {
        if let structured = line.structured {
            return record(
                line.sequence, line.wallTime, process, .structured,
                .init("message", .string(structured.message)),
                said: (structured.level.name, structured.target),
                fields: members(structured.fields), isPartial: false)
        }
        let content: JSONMember =
            String(validating: line.bytes, as: UTF8.self).map { .init("message", .string($0)) }
            ?? .init("bytes", .string(Base64.text(line.bytes)))
        return record(
            line.sequence, line.wallTime, process, line.stream, content, fields: [],
            isPartial: line.isPartial)
    }

    /// One record of the runtime.
    static func system(_ record: SystemRecord, process: UInt64) -> JSONValue {
        let message = SystemText.text(record, process: process) ?? SystemText.lifecycle(record)
        return self.record(
            record.sequence, record.wallTime, process, .system, .init("message", .string(message)),
            fields: fields(record.kind), isPartial: false)
    }

    /// The place of missing records.
    static func gap(_ gap: LogGap) -> JSONValue {
        .object([
            .init(
                "gap",
                .object([
                    .init("from", .unsigned(gap.from)), .init("to", .unsigned(gap.through)),
                    .init("records", .unsigned(gap.records)), .init("bytes", .unsigned(gap.bytes)),
                    .init("reason", .string(gap.reason.rawValue)),
                ]))
        ])
    }

    /// The last line of one that has ended.
    static func exit(_ exit: ExitRecord) -> JSONValue {
        .object([.init("exit", ProcessJSON.exit(exit))])
    }

    private static func record(
        _ sequence: UInt64, _ wallTime: Int64, _ process: UInt64, _ stream: LogStream,
        _ content: JSONMember, said: (level: String, target: String)? = nil,
        fields: [JSONMember], isPartial: Bool
    ) -> JSONValue {
        .object([
            .init("seq", .unsigned(sequence)), .init("time", .string(Timestamp.precise(wallTime))),
            .init("process", .unsigned(process)), .init("stream", .string(stream.name)),
            .init("level", said.map { .string($0.level) } ?? .null),
            .init("target", said.map { .string($0.target) } ?? .null), content,
            .init("fields", .object(fields)),
            .init("partial", .bool(isPartial)),
        ])
    }

    /// Of fields with one name the last counts: a JSON object has each name once.
    private static func members(_ fields: [StructuredRecord.Field]) -> [JSONMember] {
        var places: [String: Int] = [:]
        var members: [JSONMember] = []
        for field in fields {
            let member = JSONMember(field.name, .string(field.value))
            if let place = places[field.name] {
                members[place] = member
            } else {
                places[field.name] = members.count
                members.append(member)
            }
        }
        return members
    }

    private static func fields(_ kind: SystemRecord.Kind) -> [JSONMember] {
        switch kind {
        case .began(let incarnation):
            [.init("kind", .string("began")), .init("incarnation", .unsigned(UInt64(incarnation)))]
        case .ended(let exit):
            [.init("kind", .string("ended")), .init("exit", ProcessJSON.exit(exit))]
        case .unknownImport(let module, let name):
            [
                .init("kind", .string("unknown-import")), .init("module", .string(module)),
                .init("name", .string(name)),
            ]
        case .denied(let denial):
            [.init("kind", .string("denied")), .init("denial", DenialText.json(denial))]
        case .note: [.init("kind", .string("note"))]
        case .unknown: [.init("kind", .string("unknown"))]
        }
    }
}
