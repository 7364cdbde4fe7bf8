internal import SeliumClient
internal import Synchronization

/// The three ways to start: and go, and watch, and only ask.
struct Starter: Sendable {
    let module: ModuleWord
    let options: StartOptions
    let context: CommandContext
    let report: (@Sendable (StartProgress) -> Void)?
    /// The process exists: progress has nothing more to say. Returns when it has gone from the
    /// terminal, where stdout and stderr are one.
    let began: @Sendable () async -> Void

    /// Starts it, prints its id, and sends it our stdin where that was asked for.
    func start(_ client: SeliumClient) async throws -> ExitStatus {
        let signals = options.takesInput ? SignalWatch() : nil
        let (process, report) = try await client.start(
            module.source, options, progress: self.report)
        await began()
        try await sayStarted(process.id, report)
        await note(report, besidesLog: false)
        guard let signals else { return .ok }
        return try await sendInput(process, signals)
    }

    /// Starts it and follows its log from the first record.
    func attach(_ client: SeliumClient, _ form: RecordForm) async throws -> ExitStatus {
        // In place before anybody hears of the process: from then on Ctrl-C must not end us mutely.
        let signals = SignalWatch()
        // A signal may come while the module is still being sent, so it is waited for here.
        let session = AttachSession(
            console: context.console, form: form, signals: signals, sendsInput: options.takesInput,
            heedsSignals: false)
        let started = StartedProcess()
        return try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask { .finished(try await follow(client, session, started)) }
            group.addTask { await signals.next().map(Outcome.signal) ?? .finished(.ok) }
            defer { group.cancelAll() }
            switch try await group.next() {
            case .finished(let status)?: return status
            case .signal(let event)?:
                if let id = started.id { await session.sayGoesOn(id, context.settings.isQuiet) }
                return event.status
            case nil: return .ok
            }
        }
    }

    private enum Outcome: Sendable {
        case finished(ExitStatus)
        case signal(SignalWatch.Event)
    }

    private func follow(
        _ client: SeliumClient, _ session: AttachSession, _ started: StartedProcess
    ) async throws -> ExitStatus {
        try await client.withStarted(
            module.source, options, streams: session.form.streams.map(Array.init) ?? [],
            progress: report
        ) { attachment in
            await began()
            let id = await attachment.process.id
            started.id = id
            return try await AttachSession.afterStart(id, context) {
                await context.note("Started process (id=\(id))")
                if let report = await attachment.report { await note(report, besidesLog: true) }
                let ending = try await session.run(attachment, id: id)
                return await session.conclude(ending, id: id, isQuiet: context.settings.isQuiet)
            }
        }
    }

    /// Judges the start and says what would be.
    func dryRun(_ client: SeliumClient) async throws -> ExitStatus {
        let report = try await client.dryRun(module.source, options, progress: self.report)
        await began()
        var table = Table([])
        table.append(["module", ProcessJSON.digest(report.digest)])
        table.append(["entrypoint", Escape.foreign(report.entrypoint)])
        let grants = report.grants.map { Escape.foreign($0.description) }.joined(separator: ", ")
        table.append(["capabilities", grants.isEmpty ? "none" : grants])
        for note in report.notes {
            let name = "\(Escape.foreign(note.module)).\(Escape.foreign(note.name))"
            let lack =
                note.capability.isEmpty
                ? "not provided" : "needs \(Escape.foreign(note.capability))"
            table.append(["import", "\(name): \(lack)"])
        }
        try await context.write(
            schema: "selium.dry-run/1",
            table: "Would start \(Escape.foreign(module.name))\n" + table.text,
            name: ProcessJSON.digest(report.digest) + "\n", Array(members(report).dropFirst()))
        return .ok
    }

    // MARK: Parts

    private func sayStarted(_ id: UInt64, _ report: StartReport) async throws {
        let members = members(report)
        do {
            try await context.write(
                schema: "selium.process/1", table: "Started process (id=\(id))\n",
                name: "\(id)\n", members)
        } catch {
            guard !error.isQuiet else { throw error }
            // The one place where the id would have been read.
            throw CommandError(
                .failed, "\(error.message); process \(id) had been started",
                details: [.init("process", .unsigned(id))])
        }
    }

    private func sendInput(
        _ process: SeliumClient.Process, _ signals: SignalWatch
    ) async throws -> ExitStatus {
        let console = context.console
        return try await AttachSession.afterStart(process.id, context) {
            try await withThrowingTaskGroup(of: ExitStatus.self) { group in
                group.addTask {
                    while true {
                        let bytes = await console.input.read()
                        if bytes.isEmpty { break }
                        try await process.write(stdin: bytes)
                    }
                    if !Task.isCancelled { try await process.endInput() }
                    return .ok
                }
                group.addTask { await signals.next()?.status ?? .ok }
                defer { group.cancelAll() }
                return try await group.next() ?? .ok
            }
        }
    }

    private func members(_ report: StartReport) -> [JSONMember] {
        [
            .init("id", report.id.map(JSONValue.unsigned) ?? .null),
            .init("name", .optional(options.name)), .init("module", .string(module.name)),
            .init("digest", .string(ProcessJSON.digest(report.digest))),
            .init("entrypoint", .string(report.entrypoint)),
            .init("capabilities", .array(report.grants.map { .string($0.description) })),
            .init(
                "notes",
                .array(
                    report.notes.map { note in
                        .object([
                            .init("module", .string(note.module)),
                            .init("name", .string(note.name)),
                            .init(
                                "capability",
                                note.capability.isEmpty ? .null : .string(note.capability)),
                        ])
                    })),
        ]
    }

    /// What will not work, in one line for each reason.
    private func note(_ report: StartReport, besidesLog: Bool) async {
        for line in ImportNotes.lines(module.name, report.notes, withUnknown: !besidesLog) {
            await context.note(line)
        }
    }
}

/// Which process a start gave, once it has.
final class StartedProcess: Sendable {
    private let value = Mutex<UInt64?>(nil)

    var id: UInt64? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// What a start says about imports that will not work.
enum ImportNotes {
    /// Imports named in one line; the others are counted.
    private static let maximumNames = 3

    /// - Parameter withUnknown: also those that the server lacks altogether; a log names them itself.
    static func lines(_ module: String, _ notes: [ImportNote], withUnknown: Bool) -> [String] {
        var lines: [String] = []
        let name = Escape.foreign(module)
        let ungranted = notes.filter { !$0.capability.isEmpty && !needsScope($0.capability) }
        if !ungranted.isEmpty {
            let wanted = capabilities(of: ungranted)
            lines.append(
                "note: \(name) imports \(names(ungranted.map(\.name))); not granted: "
                    + "\(wanted.map(Escape.foreign).joined(separator: ", "))\(hint(wanted))")
        }
        let missing = notes.filter { needsScope($0.capability) }
        if !missing.isEmpty {
            let wanted = capabilities(of: missing).map(Escape.foreign).joined(separator: ", ")
            lines.append(
                "note: \(name) imports \(names(missing.map(\.name))); "
                    + "not granted, and not available yet: \(wanted)")
        }
        let unknown = notes.filter(\.capability.isEmpty)
        if withUnknown, !unknown.isEmpty {
            lines.append(
                "note: \(name) imports \(names(unknown.map { "\($0.module).\($0.name)" })), "
                    + "which this server does not have; calling it ends the program")
        }
        return lines
    }

    /// Each once.
    private static func capabilities(of notes: [ImportNote]) -> [String] {
        var names: [String] = []
        for note in notes where !names.contains(note.capability) { names.append(note.capability) }
        return names
    }

    /// The flag that grants them: a set where it is just that.
    private static func hint(_ wanted: [String]) -> String {
        let set = CapabilityList.sets.first { $0.capabilities.map(\.name) == wanted }?.name
        return "   (--capabilities \(set ?? wanted.map(Escape.foreign).joined(separator: ",")))"
    }

    /// Whether the bare name would mean the whole machine: no server grants it so, and none takes a
    /// scope yet. No flag helps.
    private static func needsScope(_ capability: String) -> Bool {
        ["Fs", "EnvRead", "NetUnix"].contains { capability.hasPrefix($0) }
    }

    private static func names(_ names: [String]) -> String {
        let shown = names.prefix(maximumNames).map(Escape.foreign).joined(separator: ", ")
        return names.count > maximumNames
            ? "\(shown) and \(names.count - maximumNames) more" : shown
    }
}
