internal import ArgumentParser
internal import SeliumClient

/// `selium ps`
struct List: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List programs: the living, or all that are kept.",
        discussion: """
            With -q only ids are printed, one a line. Programs of other namespaces are shown as
            NAMESPACE/NAME, which every command takes where it takes a name.

            --filter KEY=VALUE leaves out what does not match; of several all have to. Keys are name,
            namespace, owner, module, state, and label: label=KEY, or label=KEY=VALUE. Values with commas
            between are any of them. Asked for a state in which programs have ended it shows those, too.

            EXAMPLES
              selium ps
              selium ps --filter state=running,backing-off --filter label=tier=web
              selium ps -a --output json
            """)

    @Flag(name: [.customShort("a"), .long], help: "Those that have ended, too.")
    var all = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Only those that match; several times.", valueName: "key=value"),
        completion: .list(FilterFlags.keys.map { $0 + "=" }))
    var filter: [String] = []

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        if global.quiet, context.settings.outputOrigin == .flag, context.settings.output != .name {
            throw CommandError.usage(
                "-q prints ids, --output \(context.settings.output.rawValue) whole rows: which of them?",
                remedies: ["leave one of them out"])
        }
        let filters = try FilterFlags.filters(filter)
        let asksForEnded = filters.contains { one in
            if case .state(let states) = one { states.contains(where: \.hasEnded) } else { false }
        }
        let ended = all || asksForEnded
        return try await context.withClient { client in
            let rows = try await client.processes(includingEnded: ended, matching: filters)
            let isTable = context.settings.output == .table && !global.quiet && !rows.isEmpty
            // The caller's own namespace goes without saying; only the server knows which it is.
            let own = isTable ? try await client.info().namespace : ""
            try await write(rows, own, context)
            return .ok
        }
    }

    private func write(_ rows: [ProcessStatus], _ own: String, _ context: CommandContext)
        async throws
    {
        let ids = rows.map { "\($0.id)\n" }.joined()
        if global.quiet { return try await context.console.write(ids) }
        switch context.settings.output {
        case .name: try await context.console.write(ids)
        case .table: try await context.console.write(ProcessTable(rows, ownNamespace: own).text)
        case .jsonl:
            try await context.console.write(
                rows.map { ProcessJSON.row($0, schema: true).line }.joined())
        case .json:
            try await context.console.write(
                JSONValue.object([
                    .init("schema", .string("selium.processes/1")),
                    .init("processes", .array(rows.map { ProcessJSON.row($0, schema: false) })),
                ]).document)
        }
    }
}
