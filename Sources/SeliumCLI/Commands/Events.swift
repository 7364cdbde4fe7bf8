internal import ArgumentParser
internal import SeliumClient

/// `selium events`
struct Events: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to programs and modules.",
        discussion: """
            It shows all that is kept and ends. With -f it shows what happens from now on, or from --since
            or --from on, until it is interrupted. Every event has an index; `--from` takes the next one
            that is wanted.

            EXAMPLES
              selium events --since 1h
              selium events -f --from 1 --output jsonl
            """)

    @Flag(name: [.customShort("f"), .long], help: "Wait for what happens next.")
    var follow = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Begin with what happened then: 5m ago, or a time such as 2026-11-21T14:00:00Z.",
            valueName: "time"))
    var since: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Begin with this event.", valueName: "index"))
    var from: String?

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let start = try start(now: context.console.now())
        let isJSON = try context.streamsJSON()
        let signals = SignalWatch()
        return try await context.withClient { client in
            try await withThrowingTaskGroup(of: ExitStatus.self) { group in
                group.addTask {
                    for try await event in client.events(from: start, follows: follow) {
                        try await context.console.write(
                            isJSON ? EventText.json(event) : EventText.line(event))
                    }
                    return .ok
                }
                group.addTask { await signals.next().map(\.status) ?? .ok }
                defer { group.cancelAll() }
                return try await group.next() ?? .ok
            }
        }
    }

    private func start(now: Int64) throws(CommandError) -> ServerEvents.Start {
        guard since == nil || from == nil else {
            throw .usage("--since and --from exclude each other")
        }
        if let since { return .since(try Logs.time(since, "--since", now: now)) }
        if let from {
            guard let index = UInt64(from), index > 0, index < 1 << 53 else {
                throw .usage("--from '\(Escape.foreign(from))' is not an event's index, from 1")
            }
            return .index(index)
        }
        return follow ? .end : .index(1)
    }
}

/// An event as a line.
enum EventText {
    static func line(_ event: ServerEvent) -> String {
        let word = event.kind?.rawValue ?? "unknown"
        var parts = [Timestamp.precise(event.time), word]
        if let process = event.process {
            parts.append("process \(process)")
            if !event.name.isEmpty { parts.append("(\(event.namespace)/\(event.name))") }
            if event.incarnation > 0 { parts.append("incarnation \(event.incarnation)") }
        } else {
            parts.append("module")
            if !event.name.isEmpty { parts.append("\(event.namespace)/\(event.name)") }
        }
        if !event.detail.isEmpty { parts.append("· \(event.detail)") }
        return Escape.foreign(parts.joined(separator: " ")) + "\n"
    }

    static func json(_ event: ServerEvent) -> String {
        JSONValue.object([
            .init("schema", .string("selium.event/1")), .init("index", .unsigned(event.index)),
            .init("time", .string(Timestamp.precise(event.time))),
            .init("kind", .optional(event.kind?.rawValue)),
            .init("namespace", .string(event.namespace)),
            .init("process", event.process.map { .unsigned($0) } ?? .null),
            .init("incarnation", .unsigned(UInt64(event.incarnation))),
            .init("name", .string(event.name)), .init("detail", .string(event.detail)),
        ]).line
    }
}
