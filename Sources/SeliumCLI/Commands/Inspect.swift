internal import ArgumentParser
internal import SeliumClient

/// `selium inspect ID…`
struct Inspect: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show everything the server knows of programs, but for their output.",
        discussion: """
            What it was started with, what it may do and use, how each incarnation ended, and which records
            its log holds. Of arguments and variables there are names, kinds and lengths; values are told
            to nobody.

            EXAMPLES
              selium inspect 7
              selium inspect web worker --output jsonl
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let gap = processes.count > 1 ? "\n" : ""
        return try await EachProcess(words: processes, context: context).run { client, reference in
            let detail = try await client.inspect(reference)
            try await context.write(
                schema: "selium.inspection/1", table: InspectionText(detail).text + gap,
                name: "\(detail.status.id)\n", InspectionJSON.members(detail))
        }
    }
}

/// What `inspect` shows: what `status` does, and a line for each further thing there is to say.
struct InspectionText {
    let text: String

    init(_ detail: ProcessDetail) {
        var table = Table([])
        func add(_ name: String, _ value: String) { table.append([name, value]) }
        for (name, value) in StatusText.lines(detail.status) { add(name, value) }
        for (name, value) in Self.lines(detail.launch) { add(name, value) }
        let limits = detail.limits
        add("tables", "\(limits.tables) of \(limits.tableElements) elements")
        let range =
            detail.lastRecord < detail.oldestRecord
            ? "nothing" : "records \(detail.oldestRecord) to \(detail.lastRecord)"
        let bounds = "\(Quantity.size(limits.logBytes)) kept, \(Quantity.size(limits.logRate))/s"
        add("log", "\(range) (\(bounds))")
        // The last is in the status already, with its time.
        for (index, end) in detail.ends.dropLast().reversed().enumerated() {
            add(
                index == 0 ? "earlier ends" : "",
                "incarnation \(end.incarnation) \(EndText.sentence(end)), "
                    + Timestamp.precise(end.endedAt))
        }
        text = table.text
    }

    private static func lines(_ launch: LaunchOutline?) -> [(String, String)] {
        guard let launch else { return [("launch", "not recorded: an older server started it")] }
        var lines: [(String, String)] = []
        func bytes(_ length: UInt64) -> String { "\(length) byte\(length == 1 ? "" : "s")" }
        for (index, argument) in launch.arguments.enumerated() {
            let kind = argument.kind?.name ?? "unknown"
            lines.append((index == 0 ? "arguments" : "", "\(kind), \(bytes(argument.length))"))
        }
        if !launch.results.isEmpty {
            let names = launch.results.map { $0?.name ?? "unknown" }
            lines.append(("results", names.joined(separator: ", ")))
        }
        if !launch.argvLengths.isEmpty {
            let lengths = launch.argvLengths.map(bytes).joined(separator: ", ")
            let count = launch.argvLengths.count
            lines.append(("argv", "\(count) word\(count == 1 ? "" : "s"): \(lengths)"))
        }
        for (index, variable) in launch.environment.enumerated() {
            lines.append(
                (
                    index == 0 ? "environment" : "",
                    "\(Escape.foreign(variable.name)), \(bytes(variable.length))"
                ))
        }
        let flags = [
            (launch.isStrict, "--strict"), (launch.takesInput, "-i"),
            (launch.isRemovedAtEnd, "--rm"),
        ]
        let said = flags.filter { $0.0 }.map { $0.1 }
        if !said.isEmpty { lines.append(("flags", said.joined(separator: " "))) }
        return lines
    }
}

/// What `inspect` says as JSON; docs/json.md describes every member.
enum InspectionJSON {
    static func members(_ detail: ProcessDetail) -> [JSONMember] {
        [
            .init("process", ProcessJSON.row(detail.status, schema: false)),
            .init("launch", detail.launch.map(launch) ?? .null),
            .init("limits", limits(detail.limits)),
            .init("ends", .array(detail.ends.map(ProcessJSON.exit))),
            .init(
                "log",
                .object([
                    .init("oldest", .unsigned(detail.oldestRecord)),
                    .init("last", .unsigned(detail.lastRecord)),
                ])),
        ]
    }

    private static func launch(_ launch: LaunchOutline) -> JSONValue {
        .object([
            .init(
                "arguments",
                .array(
                    launch.arguments.map { argument in
                        .object([
                            .init("type", .optional(argument.kind?.name)),
                            .init("length", .unsigned(argument.length)),
                            .init("sensitive", .bool(argument.isSensitive)),
                        ])
                    })),
            .init("results", .array(launch.results.map { .optional($0?.name) })),
            .init("argvLengths", .array(launch.argvLengths.map { .unsigned($0) })),
            .init(
                "environment",
                .array(
                    launch.environment.map { variable in
                        .object([
                            .init("name", .string(variable.name)),
                            .init("length", .unsigned(variable.length)),
                            .init("sensitive", .bool(variable.isSensitive)),
                        ])
                    })),
            .init("strict", .bool(launch.isStrict)), .init("input", .bool(launch.takesInput)),
            .init("removedAtEnd", .bool(launch.isRemovedAtEnd)),
            .init("moduleByName", .bool(launch.namesModule)),
        ])
    }

    private static func limits(_ limits: ProcessLimits) -> JSONValue {
        .object([
            .init("memory", .unsigned(limits.memory)),
            .init("tables", .unsigned(UInt64(limits.tables))),
            .init("tableElements", .unsigned(limits.tableElements)),
            .init("logBytes", .unsigned(limits.logBytes)),
            .init("logRate", .unsigned(limits.logRate)),
        ])
    }
}
