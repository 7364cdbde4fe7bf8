internal import ArgumentParser
internal import SeliumClient

/// `selium stop ID…`
struct Stop: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop programs and wait until they are gone.",
        discussion: """
            A program that listens for it has 10 s to finish; one that does not is ended at once.

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
        if processes.count > 1, context.settings.output == .json {
            throw CommandError.usage(
                "several processes are several results, and --output json is one document",
                remedies: ["use --output jsonl"])
        }
        let references = try processes.map { word throws(CommandError) in
            try ProcessReference(word: word)
        }
        return try await context.withClient { client in
            let patient = client.timeout(min(context.settings.timeout + Self.grace, .seconds(3600)))
            var status = ExitStatus.ok
            for reference in references {
                do {
                    let (id, outcome) = try await patient.stop(reference)
                    try await report(id, outcome, context)
                } catch let error as ClientError where processes.count > 1 {
                    // One that cannot be stopped keeps nobody else running.
                    let failure = CommandError(error)
                    await context.console.warn(
                        context.settings.output == .table
                            ? failure.text(colour: false) : failure.json)
                    if status == .ok { status = failure.status }
                }
            }
            return status
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
