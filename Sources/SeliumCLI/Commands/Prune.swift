internal import ArgumentParser
internal import SeliumClient

/// `selium prune`
struct Prune: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Forget all programs of your namespace that have ended, with their logs.",
        discussion: """
            EXAMPLES
              selium prune
              selium prune --output name
            """)

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.withClient { client in
            let ids = try await client.prune()
            try await context.write(
                schema: "selium.pruned/1",
                table: "Removed \(ids.count) \(ids.count == 1 ? "process" : "processes")\n",
                name: ids.map { "\($0)\n" }.joined(),
                [.init("ids", .array(ids.map { .unsigned($0) }))])
            return .ok
        }
    }
}
