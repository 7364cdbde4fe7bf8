internal import ArgumentParser
internal import SeliumClient

/// `selium wait ID`
struct Wait: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
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
        let reference = try ProcessReference(word: process)
        return try await context.withClient { client in
            let (id, exit) = try await wait(client, reference, context)
            try await AttachSession.afterStart(id, context, command: "wait") {
                try await context.write(
                    schema: "selium.exit/1", table: "Process \(id) \(EndText.sentence(exit))\n",
                    name: "\(id)\n",
                    [.init("id", .unsigned(id)), .init("exit", ProcessJSON.exit(exit))])
            }
            return ExitStatus(mirroring: exit)
        }
    }

    /// Until the server has found the process a failure has its own code.
    private func wait(
        _ client: SeliumClient, _ reference: ProcessReference, _ context: CommandContext
    ) async throws -> (UInt64, ExitRecord) {
        let known = StartedProcess()
        do {
            return try await client.wait(for: reference) { known.id = $0 }
        } catch {
            guard let id = known.id else { throw error }
            return try await AttachSession.afterStart(id, context, command: "wait") { throw error }
        }
    }
}
