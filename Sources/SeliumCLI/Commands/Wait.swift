internal import ArgumentParser
internal import SeliumClient

/// `selium wait ID`
struct Wait: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until a program has ended, and return its exit code.",
        discussion: """
            One that has ended already is told at once.

            EXAMPLES
              selium wait 7
              selium wait nightly --output json
            """)

    @Argument(help: ArgumentHelp("Id or name.", valueName: "id"))
    var process: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.withClient { client in
            let (id, exit) = try await client.wait(for: ProcessReference(process))
            try await context.write(
                schema: "selium.exit/1", table: "Process \(id) \(EndText.sentence(exit))\n", name: "\(id)\n",
                [.init("id", .unsigned(id)), .init("exit", ProcessJSON.exit(exit))])
            return ExitStatus(mirroring: exit)
        }
    }
}
