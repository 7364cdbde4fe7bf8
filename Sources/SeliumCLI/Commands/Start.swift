internal import ArgumentParser
internal import SeliumClient

/// `selium start FILE …`
struct Start: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a program on the server.",
        discussion: """
            It may do what it computes and print, and what you grant. With --attach its output is shown
            until it ends, and its exit code is returned; Ctrl-C leaves it running.

            EXAMPLES
              selium start hello.wasm --attach
              selium start web.wasm --name web --restart on-failure --restart-limit 5/1m
              selium start python.wasm --capabilities wasi --attach -- -c 'print(6 * 7)'
            """)

    @OptionGroup var start: StartFlags

    @Flag(help: "Show what it prints until it ends.")
    var attach = false

    @Flag(help: "Forget it once it has ended and those who waited for that have heard.")
    var rm = false

    @Flag(help: "Say what would happen, and start nothing.")
    var dryRun = false

    @OptionGroup var view: ViewFlags

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func validate() throws {
        if dryRun && (attach || start.input) {
            throw ValidationError("--dry-run starts nothing to attach to")
        }
        if dryRun && rm { throw ValidationError("--dry-run starts nothing to forget") }
        if !attach && (view.timestamps || !view.stream.isEmpty) {
            throw ValidationError("--stream and --timestamps need --attach")
        }
    }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        var said = try start.options(context.console.environment)
        said.isRemovedAtEnd = rm
        let options = said
        let module = try ModuleWord(start.module)
        let form = attach ? try view.form(context) : RecordForm()
        await sayExpanded(context)
        let progress = UploadProgress(module.name, context.console.err)
        let shows = context.console.isErrTerminal && !context.settings.isQuiet
        let report: (@Sendable (StartProgress) -> Void)? =
            shows ? { @Sendable step in progress.report(step) } : nil
        let starter = Starter(module: module, options: options, context: context, report: report) {
            progress.clear()
            await context.console.err.drain()
        }
        do {
            return try await context.withClient { client in
                if dryRun { return try await starter.dryRun(client) }
                if attach { return try await starter.attach(client, form) }
                return try await starter.start(client)
            }
        } catch let error as ClientError {
            progress.clear()
            throw module.explain(error)
        }
    }

    private func sayExpanded(_ context: CommandContext) async {
        guard let list = try? start.grants(), !list.expandedSets.isEmpty else { return }
        await context.note("capabilities: \(list.entries.map(\.text).joined(separator: ", "))")
    }
}
