internal import ArgumentParser
internal import SeliumClient

/// `selium stop ID…`
struct Stop: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop programs and wait until they are gone.",
        discussion: """
            A program that listens for it is asked, and ended when its --stop-timeout is over; every
            other one is ended at once. One that waits to begin again does not any more.

            EXAMPLES
              selium stop 7
              selium stop resize-1 resize-2
            """)

    /// A stop may take its grace besides the time the server may be silent.
    static let grace = Duration.seconds(10)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await EachProcess(words: processes, context: context).run { client, reference in
            let (id, outcome) = try await client.stop(reference)
            try await report(id, outcome, context)
        }
    }

    private func report(_ id: UInt64, _ outcome: StopOutcome, _ context: CommandContext)
        async throws
    {
        let hadEnded = if case .alreadyEnded = outcome { true } else { false }
        try await context.write(
            schema: "selium.stopped/1",
            table: hadEnded ? "Process \(id) had already exited\n" : "Stopped process \(id)\n",
            name: "\(id)\n",
            [
                .init("id", .unsigned(id)), .init("alreadyEnded", .bool(hadEnded)),
                .init("exit", ProcessJSON.exit(outcome.exit)),
            ])
    }
}
