internal import SeliumClient

/// Writes the records of one process: the program's own output on stdout and stderr, what the runtime
/// says on stderr; or all of it as JSON lines on stdout.
struct RecordRenderer {
    /// The most bytes of an unfinished line that are held back for its rest, where lines have a
    /// prefix.
    private static let maximumLine = 64 * 1024

    private let id: UInt64
    private let form: RecordForm
    private let console: Console
    private let pattern: LinePattern?
    private var outFilter: TerminalFilter
    private var errFilter: TerminalFilter
    private var outLine = PrefixedLine()
    private var errLine = PrefixedLine()
    /// Records that are missing from what was written.
    private(set) var missingRecords: UInt64 = 0
    /// The runtime's words about the program's memory were among them.
    private(set) var saidMemory = false

    init(_ id: UInt64, _ form: RecordForm, _ console: Console) {
        self.id = id
        self.form = form
        self.console = console
        pattern = form.pattern.flatMap { LinePattern($0) }
        outFilter = TerminalFilter(allowsCarriageReturn: form.isPlain)
        errFilter = TerminalFilter(allowsCarriageReturn: form.isPlain)
    }

    /// Writes one item.
    mutating func render(_ item: LogItem) async throws(ClosedOutput) {
        switch item {
        case .chunk(let chunk): try await render(chunk)
        case .system(let record): try await render(record)
        case .gap(let gap): try await render(gap)
        }
    }

    /// Writes what was held back, and takes colours back.
    mutating func finish() async throws(ClosedOutput) {
        guard !form.isJSON else { return }
        if !form.isPlain {
            try await flush(.stdout)
            try await flush(.stderr)
        }
        if form.filtersOut { try await console.out.write(outFilter.finish()) }
        if form.filtersErr { try await console.err.write(errFilter.finish()) }
    }

    // MARK: Output of the program

    private mutating func render(_ chunk: LogChunk) async throws(ClosedOutput) {
        guard form.streams?.contains(chunk.stream) ?? true else { return }
        if chunk.stream == .structured, !form.isJSON {
            for line in chunk.lines { try await renderStructured(line) }
        } else if form.isJSON {
            let lines = chunk.lines.filter { line in
                if let structured = line.structured {
                    isWanted(structured)
                } else {
                    isWanted(line.bytes)
                }
            }
            try await console.write(
                lines.map { RecordJSON.line($0, process: id).line }.joined())
        } else if form.isPlain {
            try await write(chunk.bytes, chunk.stream)
        } else {
            for line in chunk.lines { try await renderPrefixed(line) }
        }
    }

    /// The program's words, in a form of ours: `TIME LEVEL target: message name=value`.
    private mutating func renderStructured(_ line: LogLine) async throws(ClosedOutput) {
        let structured = line.structured
        guard structured.map(isWanted) ?? isWanted(line.bytes) else { return }
        let text = structured?.text ?? String(decoding: line.bytes, as: UTF8.self)
        let prefix = Timestamp.milliseconds(line.wallTime) + (form.hasIDs ? " [\(id)] " : " ")
        try await write(Array((prefix + Escape.foreign(text) + "\n").utf8), .structured)
    }

    private mutating func renderPrefixed(_ line: LogLine) async throws(ClosedOutput) {
        let isError = line.stream == .stderr
        var held = isError ? errLine : outLine
        if held.isEmpty { held.wallTime = line.wallTime }
        held.bytes += line.bytes
        let isComplete = !line.isPartial || held.bytes.count > Self.maximumLine
        if isError { errLine = held } else { outLine = held }
        if isComplete { try await flush(line.stream) }
    }

    private mutating func flush(_ stream: LogStream) async throws(ClosedOutput) {
        let held = stream == .stderr ? errLine : outLine
        guard let wallTime = held.wallTime else { return }
        if stream == .stderr { errLine = PrefixedLine() } else { outLine = PrefixedLine() }
        guard isWanted(held.bytes) else { return }
        var prefix = form.hasTimestamps ? Timestamp.milliseconds(wallTime) + " " : ""
        if form.hasIDs { prefix += "[\(id)] " }
        try await write(Array(prefix.utf8) + held.bytes + [0x0a], stream)
    }

    private mutating func write(_ bytes: [UInt8], _ stream: LogStream) async throws(ClosedOutput) {
        if stream == .stderr {
            try await console.err.write(form.filtersErr ? errFilter.filter(bytes) : bytes)
        } else {
            try await console.out.write(form.filtersOut ? outFilter.filter(bytes) : bytes)
        }
    }

    private func isWanted(_ bytes: [UInt8]) -> Bool { pattern?.isFound(in: bytes) ?? true }

    private func isWanted(_ record: StructuredRecord) -> Bool {
        if let level = form.level, record.level.rawValue < level.rawValue { return false }
        return pattern?.isFound(in: record.text) ?? true
    }

    // MARK: What the runtime says

    private mutating func render(_ record: SystemRecord) async throws(ClosedOutput) {
        guard form.showsSystem else { return }
        if let pattern {
            let text = SystemText.text(record, process: id) ?? ""
            guard pattern.isFound(in: text) else { return }
        }
        if form.isJSON {
            try await console.write(RecordJSON.system(record, process: id).line)
        } else if let text = SystemText.text(record, process: id) {
            if case .note(let words) = record.kind, words.hasPrefix(EndText.memoryWords) {
                saidMemory = true
            }
            await say(text)
        }
    }

    private mutating func render(_ gap: LogGap) async throws(ClosedOutput) {
        missingRecords = missingRecords &+ gap.records
        if form.isJSON {
            try await console.write(RecordJSON.gap(gap).line)
        } else {
            await say("lost \(gap.records) records (\(gap.bytes) bytes)")
        }
    }

    /// One or more lines of ours, each marked as such.
    private func say(_ text: String) async {
        let prefix = form.hasIDs ? "selium: [\(id)] " : "selium: "
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        await console.warn(lines.map { prefix + $0 + "\n" }.joined())
    }
}

/// An unfinished line that waits for its rest.
private struct PrefixedLine {
    var bytes: [UInt8] = []
    /// When its first part was written; nil while there is none.
    var wallTime: Int64?
    var isEmpty: Bool { wallTime == nil }
}
