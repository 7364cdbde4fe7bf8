internal import SeliumClient

/// Which stretch of a log is shown.
struct LogWindow: Sendable {
    var position: LogPosition
    /// Nothing written later, nanoseconds since 1970.
    var until: Int64?
    /// No record behind this one.
    var through: UInt64?

    /// Whether an item still belongs to it; after the first that does not there is none.
    func holds(_ item: LogItem) -> Bool {
        let (first, wallTime): (UInt64, Int64?) =
            switch item {
            case .chunk(let chunk): (chunk.first, chunk.wallTime)
            case .system(let record): (record.sequence, record.wallTime)
            case .gap(let gap): (gap.from, nil)
            }
        if let through, first > through { return false }
        if let until, let wallTime, wallTime > until { return false }
        return true
    }
}

/// Shows logs, one process at a time or several at once.
struct LogSession: Sendable {
    let console: Console
    let form: RecordForm
    let streams: [LogStream]
    let follows: Bool
    let showsPrevious: Bool
    let window: LogWindow

    /// Shows one log.
    func show(_ reference: ProcessReference, _ client: SeliumClient) async throws {
        let window = showsPrevious ? try await previous(reference, client) : window
        try await client.withLog(
            of: reference, from: window.position, streams: streams, follow: follows
        ) { log in
            let id = await log.process.id
            var renderer = RecordRenderer(id, form, console)
            var isWhole = true
            for try await item in log {
                guard window.holds(item) else {
                    isWhole = false
                    break
                }
                try await renderer.render(item)
            }
            try await renderer.finish()
            if form.isJSON, isWhole, let exit = await log.exit {
                try await console.write(RecordJSON.exit(exit).line)
            }
        }
    }

    /// The records between the begins of the last incarnation and the one before it.
    private func previous(
        _ reference: ProcessReference, _ client: SeliumClient
    ) async throws -> LogWindow {
        let begins = try await client.withLog(of: reference, streams: [.system]) { log in
            var begins: [(incarnation: UInt32, sequence: UInt64)] = []
            for try await case .system(let record) in log {
                guard case .began(let incarnation) = record.kind else { continue }
                // Only the last two matter, however many there were.
                begins = begins.suffix(1) + [(incarnation, record.sequence)]
            }
            return begins
        }
        guard let last = begins.last, last.incarnation > 1 else {
            throw CommandError(.notFound, "there is no incarnation before this one")
        }
        let begin = begins.dropLast().last
        return LogWindow(
            position: begin.map { .sequence($0.sequence) } ?? .start, through: last.sequence - 1)
    }
}
