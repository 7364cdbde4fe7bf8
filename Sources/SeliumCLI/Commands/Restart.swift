internal import ArgumentParser
internal import SeliumClient

/// `selium restart ID…`
struct Restart: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "End programs and begin them again, under the same id and in the same log.",
        discussion: """
            The same module, arguments and environment; whatever its restart policy says. One that
            waits to begin again does so at once; one that has ended for good is a conflict.

            EXAMPLES
              selium restart 7
              selium restart web --output json
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await EachProcess(words: processes, context: context).run { client, reference in
            let (id, incarnation) = try await client.restart(reference)
            try await context.write(
                schema: "selium.restarted/1",
                table: "Restarted process \(id) (incarnation \(incarnation))\n", name: "\(id)\n",
                [
                    .init("id", .unsigned(id)),
                    .init("incarnation", .unsigned(UInt64(incarnation))),
                ])
        }
    }
}
