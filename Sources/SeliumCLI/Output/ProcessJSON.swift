internal import SeliumClient

/// Processes and their ends as JSON; docs/json.md describes every member.
enum ProcessJSON {
    /// One row of the process table.
    static func row(_ row: ProcessStatus, schema: Bool) -> JSONValue {
        .object(
            (schema ? [JSONMember("schema", .string("selium.process/1"))] : []) + [
                .init("id", .unsigned(row.id)), .init("namespace", .string(row.namespace)),
                .init("name", row.name.isEmpty ? .null : .string(row.name)),
                .init("owner", .string(row.owner)), .init("module", .string(row.moduleName)),
                .init("digest", .string(digest(row.moduleDigest))),
                .init("entrypoint", .string(row.entrypoint)),
                .init("state", .string(row.state.rawValue)),
                .init("incarnation", .unsigned(UInt64(row.incarnation))),
                .init("createdAt", .string(Timestamp.precise(row.createdAt))),
                .init("uptimeNanoseconds", .unsigned(row.uptimeNanoseconds)),
                .init("cpuNanoseconds", .unsigned(row.cpuNanoseconds)),
                .init("memory", .unsigned(row.memory)),
                .init("memoryLimit", .unsigned(row.memoryLimit)),
                .init("capabilities", .array(row.grants.map { .string($0.description) })),
                .init("restarts", .unsigned(UInt64(row.restarts))),
                .init("waiting", row.waiting.map { SupervisionView.json($0) } ?? .null),
                .init("supervision", SupervisionView.json(row.supervision)),
                .init(
                    "labels",
                    .object(
                        row.labels.sorted { $0.key < $1.key }.map {
                            JSONMember($0.key, .string($0.value))
                        })),
                .init("exit", row.exit.map(exit) ?? .null),
            ])
    }

    /// How an incarnation ended.
    static func exit(_ exit: ExitRecord) -> JSONValue {
        .object(
            [JSONMember("kind", .string(exit.outcome.kind))] + outcome(exit.outcome) + [
                .init("incarnation", .unsigned(UInt64(exit.incarnation))),
                .init("stopRequested", .bool(exit.stopRequested)),
                .init("startedAt", .string(Timestamp.precise(exit.startedAt))),
                .init("endedAt", .string(Timestamp.precise(exit.endedAt))),
                .init("cpuNanoseconds", .unsigned(exit.cpuNanoseconds)),
                .init("peakMemory", .unsigned(exit.peakMemory)),
                .init("memoryLimit", .unsigned(exit.memoryLimit)),
                .init("lastSequence", .unsigned(exit.lastSequence)),
            ])
    }

    private static func outcome(_ outcome: ExitOutcome) -> [JSONMember] {
        switch outcome {
        case .returned(let values):
            [.init("values", .array(values.map(value)))]
        case .exited(let code): [.init("code", .unsigned(UInt64(code)))]
        case .trapped(let trap): [.init("trap", self.trap(trap))]
        case .killed(let reason): [.init("reason", .string(reason.name))]
        case .limit(let name): [.init("limit", .string(name))]
        case .startFailed(let message): [.init("message", .string(message))]
        case .lost, .unknown: []
        }
    }

    private static func trap(_ trap: Trap) -> JSONValue {
        .object([
            .init("kind", .string(trap.kind)), .init("message", .string(trap.message)),
            .init(
                "frames",
                .array(
                    trap.frames.map { frame in
                        .object([
                            .init("function", .unsigned(UInt64(frame.functionIndex))),
                            .init("offset", frame.moduleOffset.map(JSONValue.unsigned) ?? .null),
                            .init("name", .string(frame.name)),
                        ])
                    })),
        ])
    }

    private static func value(_ value: Value) -> JSONValue {
        let json: JSONValue =
            switch value {
            case .i8(let value): .signed(Int64(value))
            case .i16(let value): .signed(Int64(value))
            case .i32(let value): .signed(Int64(value))
            case .i64(let value): .signed(value)
            case .u8(let value): .unsigned(UInt64(value))
            case .u16(let value): .unsigned(UInt64(value))
            case .u32(let value): .unsigned(UInt64(value))
            case .u64(let value): .unsigned(value)
            case .f32(let value): .number(Double(value))
            case .f64(let value): .number(value)
            case .buffer(let bytes): .string(Base64.text(bytes))
            case .utf8(let text): .string(text)
            }
        return .object([.init("type", .string(value.kind.name)), .init("value", json)])
    }

    /// `sha256:` and 64 digits.
    static func digest(_ bytes: [UInt8]) -> String { "sha256:" + Hexadecimal.text(bytes) }
}

/// RFC 4648 §4, with padding.
enum Base64 {
    static func text(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (rest > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (rest > 2 ? UInt32(bytes[index + 2]) : 0)
            for place in 0..<4 {
                let isPadding = place > rest
                output.append(
                    isPadding
                        ? UInt8(ascii: "=") : alphabet[Int(group >> UInt32(18 - 6 * place)) & 63])
            }
            index += 3
        }
        return String(decoding: output, as: UTF8.self)
    }
}
