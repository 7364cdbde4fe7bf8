internal import ArgumentParser
internal import SeliumClient

/// `selium logs ID…`
struct Logs: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what programs have written.",
        discussion: """
            It shows all that is kept and ends; with -f it waits for more, until the programs have
            ended. Several are shown one after the other, with -f all at once.

            EXAMPLES
              selium logs 7 --since 5m --grep '^error'
              selium logs -f web worker --tail 20
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @Flag(name: [.customShort("f"), .long], help: "Wait for what they write next.")
    var follow = false

    @OptionGroup var view: ViewFlags

    @OptionGroup var start: PositionFlags

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Begin with what was written then: 5m ago, or a time such as 2026-11-21T14:00:00Z.",
            valueName: "time"))
    var since: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Nothing that was written later.", valueName: "time"))
    var until: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only lines in which this is found.", valueName: "regex"))
    var grep: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only structured records of this level or above.",
            valueName: "trace|debug|info|warning|error"),
        completion: .list(LogLevel.allCases.map(\.name)))
    var level: String?

    @Flag(help: "Only what the incarnation before the last one wrote.")
    var previous = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let references = try ProcessReference.distinct(processes)
        let window = try window(now: context.console.now())
        var form = try view.form(context, severalIDs: references.count > 1)
        form.pattern = try pattern()
        form.level = try lowest()
        if form.level != nil { form.streams = [.structured] }
        let session = LogSession(
            console: context.console, form: form,
            streams: form.level == nil ? view.requested : [.structured], follows: follow,
            showsPrevious: previous, window: window)
        let signals = SignalWatch()
        return try await context.withClient { client in
            try await withThrowingTaskGroup(of: ExitStatus.self) { group in
                group.addTask { try await show(references, client, session) }
                group.addTask { await signals.next().map(\.status) ?? .ok }
                defer { group.cancelAll() }
                return try await group.next() ?? .ok
            }
        }
    }

    private func show(
        _ references: [ProcessReference], _ client: SeliumClient, _ session: LogSession
    ) async throws -> ExitStatus {
        guard follow else {
            for reference in references { try await session.show(reference, client) }
            return .ok
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reference in references {
                group.addTask { try await session.show(reference, client) }
            }
            try await group.waitForAll()
        }
        return .ok
    }

    private func pattern() throws(CommandError) -> String? {
        guard let grep else { return nil }
        guard LinePattern(grep) != nil else {
            throw .usage("--grep '\(Escape.foreign(grep))' is not a regular expression")
        }
        return grep
    }

    private func lowest() throws(CommandError) -> LogLevel? {
        guard let level else { return nil }
        guard let known = LogLevel.allCases.first(where: { $0.name == level }) else {
            throw .usage(
                "--level '\(Escape.foreign(level))' is none of trace, debug, info, warning, error")
        }
        guard view.stream.isEmpty else { throw .usage("--level and --stream exclude each other") }
        return known
    }

    private func window(now: Int64) throws(CommandError) -> LogWindow {
        var window = LogWindow(position: try start.position(.sequence(1)))
        let says = [
            since.map { _ in "--since" }, start.tail.map { _ in "--tail" },
            start.from.map { _ in "--from" },
        ].compactMap(\.self)
        guard says.count <= 1 else { throw .usage("\(says[0]) and \(says[1]) exclude each other") }
        if previous, let other = says.first ?? (until == nil ? nil : "--until") {
            throw .usage("--previous and \(other) exclude each other")
        }
        if follow, previous || until != nil {
            throw .usage(
                "--follow and \(previous ? "--previous" : "--until") exclude each other")
        }
        if let since {
            window.position = .since(try Self.time(since, "--since", now: now))
        }
        if let until { window.until = try Self.time(until, "--until", now: now) }
        return window
    }

    /// A length of time before now, or a time.
    static func time(
        _ text: String, _ flag: String, now: Int64
    ) throws(CommandError) -> Int64 {
        if let time = Timestamp.nanoseconds(text) { return time }
        guard let ago = Quantity.duration(text) else {
            throw .usage(
                "\(flag) '\(Escape.foreign(text))' is neither a duration such as 5m nor a time such as 2026-11-21T14:00:00Z"
            )
        }
        let (seconds, attoseconds) = ago.components
        return now - seconds * 1_000_000_000 - attoseconds / 1_000_000_000
    }
}
