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

    /// Once the wait was under way, a failure of ours must not look like the program's own code.
    private func wait(_ client: SeliumClient) async throws -> (UInt64, ExitRecord) {
        let answer: Result<(UInt64, ExitRecord), ClientError>
        do {
            answer = .success(try await client.wait(for: ProcessReference(process)))
        } catch {
            answer = .failure(error)
        }
        guard case .failure(let error) = answer, error.code == .connectionLost else {
            return try answer.get()
        }
        var failure = CommandError(error)
        failure.details.append(.init("cause", .signed(Int64(failure.status.code))))
        failure.message += " (code \(failure.status.code))"
        failure.status = .lost
        throw failure
    }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.withClient { client in
            let (id, exit) = try await wait(client)
            try await context.write(
                schema: "selium.exit/1", table: "Process \(id) \(EndText.sentence(exit))\n",
                name: "\(id)\n",
                [.init("id", .unsigned(id)), .init("exit", ProcessJSON.exit(exit))])
            return ExitStatus(mirroring: exit)
        }
    }
}
