internal import ArgumentParser
internal import SeliumClient

/// `selium rm ID…`
struct Remove: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Forget programs that have ended, with their logs.",
        discussion: """
            One that lives is a conflict, unless --force kills it first. An id is never given again.

            EXAMPLES
              selium rm 7
              selium rm --force web
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @Flag(help: "Kill those that have not ended.")
    var force = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await EachProcess(words: processes, context: context).run { client, reference in
            let id = try await client.remove(reference, force: force)
            try await context.write(
                schema: "selium.removed/1", table: "Removed process \(id)\n", name: "\(id)\n",
                [.init("id", .unsigned(id))])
        }
    }
}
