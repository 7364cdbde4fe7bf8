internal import ArgumentParser
internal import SeliumClient

/// `selium wait ID`
struct Wait: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a program has ended, and return its exit code.",
        discussion: """
            One that has ended already is told at once. With --for running it waits until the program runs,
            as after a back-off, with --for ready until it has said that it is ready, and returns 0; of one
            that has ended, or ends before, it is a conflict.

            EXAMPLES
              selium wait 7
              selium wait nightly --for running --output json
            """)

    @Argument(help: ArgumentHelp("Id or name.", valueName: "id"))
    var process: String

    @Option(
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("exited (default), running or ready.", valueName: "what"),
        completion: .list(WaitGoal.names))
    var goal: String?

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let reference = try ProcessReference(word: process)
        let goal = try WaitGoal.named(goal)
        if goal != .exited { return try await wait(until: goal, reference, context) }
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

    private func wait(
        until goal: WaitGoal, _ reference: ProcessReference, _ context: CommandContext
    ) async throws -> ExitStatus {
        try await context.withClient { client in
            let (id, incarnation) =
                goal == .ready
                ? try await client.waitUntilReady(reference)
                : try await client.waitUntilRunning(reference)
            let state = goal.rawValue
            try await context.write(
                schema: "selium.reached/1", table: "Process \(id) is \(state)\n", name: "\(id)\n",
                [
                    .init("id", .unsigned(id)), .init("state", .string(state)),
                    .init("incarnation", .unsigned(UInt64(incarnation))),
                ])
            return .ok
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

/// What a wait is for.
enum WaitGoal: String, CaseIterable {
    case exited, running, ready

    static var names: [String] { allCases.map(\.rawValue) }

    /// What `--for` says.
    static func named(_ word: String?) throws(CommandError) -> WaitGoal {
        guard let word else { return .exited }
        if let goal = WaitGoal(rawValue: word) { return goal }
        let hint = NearestName.of(word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        throw .usage(
            "--for '\(Escape.foreign(word))' is nothing to wait for\(hint)",
            remedies: ["there is: \(names.joined(separator: ", "))"])
    }
}
