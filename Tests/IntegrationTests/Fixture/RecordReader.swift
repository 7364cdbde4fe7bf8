import Foundation

/// Reads what `-o jsonl` writes of one process whose program is `SmallGuest.counter`, and notes what is
/// not as it has to be.
struct RecordReader {
    struct Gap: Sendable {
        var from: UInt64
        var through: UInt64
        var reason: String
    }

    /// The text of every line, by its sequence; ten characters of each.
    private(set) var lines: [UInt64: String] = [:]
    private(set) var gaps: [Gap] = []
    private(set) var problems: [String] = []
    private(set) var exits = 0
    /// The incarnation that began last, 0 before that is known.
    private(set) var incarnation = 0
    /// The number in its last line; nil behind a gap.
    private(set) var line: Int? = 0
    private var next: UInt64?
    private var rest = Data()

    /// Reads on until a line of an incarnation has come, or a later one.
    mutating func read(
        _ command: RunningCommand, untilIncarnation wanted: Int, line number: Int
    ) async throws {
        while incarnation < wanted || (incarnation == wanted && (line ?? 0) < number) {
            let bytes = try await command.firstOutput()
            guard !bytes.isEmpty else { throw MissingTool(message: "the command has ended") }
            take(bytes)
        }
    }

    mutating func readToEnd(_ command: RunningCommand) async throws {
        while case let bytes = try await command.firstOutput(), !bytes.isEmpty { take(bytes) }
    }

    mutating func take(_ bytes: Data) {
        rest += bytes
        var start = rest.startIndex
        while let newline = rest[start...].firstIndex(of: 0x0a) {
            takeLine(rest[start..<newline])
            start = newline + 1
        }
        rest = Data(rest[start...])
    }

    private mutating func takeLine(_ line: Data) {
        guard let value = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
            problems.append("no JSON: \(String(decoding: line, as: UTF8.self))")
            return
        }
        if value["exit"] != nil {
            exits += 1
        } else if let gap = value["gap"] as? [String: Any] {
            take(gap: gap)
        } else {
            take(record: value)
        }
    }

    private mutating func take(gap: [String: Any]) {
        guard let from = (gap["from"] as? NSNumber)?.uint64Value,
            let through = (gap["to"] as? NSNumber)?.uint64Value
        else {
            return problems.append("a gap without its ends")
        }
        expect(from)
        gaps.append(Gap(from: from, through: through, reason: gap["reason"] as? String ?? ""))
        next = through + 1
        line = nil
    }

    private mutating func take(record: [String: Any]) {
        guard let sequence = (record["seq"] as? NSNumber)?.uint64Value,
            let message = record["message"] as? String
        else { return problems.append("a record without sequence or message") }
        expect(sequence)
        next = sequence + 1
        let fields = record["fields"] as? [String: Any] ?? [:]
        if fields["kind"] as? String == "began" {
            incarnation = (fields["incarnation"] as? NSNumber)?.intValue ?? 0
            line = 0
        }
        guard record["stream"] as? String == "stdout" else { return }
        lines[sequence] = String(message.prefix(10))
        guard message.count == 999, let number = Int(message.prefix(8)) else {
            return problems.append("record \(sequence) is no line: \(message.prefix(20))")
        }
        if let line, number != line + 1, incarnation > 0 {
            problems.append("record \(sequence) is line \(number) behind \(line)")
        }
        line = number
    }

    /// Nothing twice, nothing missing.
    private mutating func expect(_ sequence: UInt64) {
        if let next, next != sequence { problems.append("\(sequence) in the place of \(next)") }
    }
}
