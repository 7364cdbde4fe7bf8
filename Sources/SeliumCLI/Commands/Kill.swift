internal import ArgumentParser
internal import SeliumClient

/// `selium kill ID…`
struct Kill: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End programs without asking them, and wait until they are gone.",
        discussion: """
            One that waits to begin again does not any more.

            EXAMPLES
              selium kill 7
              selium kill resize-1 resize-2
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await EachProcess(words: processes, context: context).run { client, reference in
            let (id, outcome) = try await client.kill(reference)
            let hadEnded = if case .alreadyEnded = outcome { true } else { false }
            try await context.write(
                schema: "selium.stopped/1",
                table: hadEnded ? "Process \(id) had already exited\n" : "Killed process \(id)\n",
                name: "\(id)\n",
                [
                    .init("id", .unsigned(id)), .init("alreadyEnded", .bool(hadEnded)),
                    .init("exit", ProcessJSON.exit(outcome.exit)),
                ])
        }
    }
}
