internal import ArgumentParser
internal import SeliumClient

/// `selium run FILE …`
struct Run: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a program here, without a server.",
        discussion: """
            A runtime of its own is started for it and ends with it. Grants and limits are those of a
            server; the program's output and exit code are passed on.

            EXAMPLES
              selium run hello.wasm
              echo 6 7 | selium run -i multiply.wasm --memory 16M
            """)

    @OptionGroup var start: StartFlags

    @OptionGroup var view: ViewFlags

    @OptionGroup(title: "Global options") var global: GlobalFlags

    /// A deployment's settings lead elsewhere.
    var ignoredVariables: Set<String> {
        [
            "SELIUM_DOMAIN", "SELIUM_PORT", "SELIUM_CERT_DIR", "SELIUM_SERVER_NAME",
            "SELIUM_CONTEXT",
        ]
    }

    var usesContext: Bool { false }

    func validate() throws {
        let remote = [
            ("--domain", global.domain), ("--port", global.port), ("--cert-dir", global.certDir),
            ("--server-name", global.serverName), ("--context", global.context),
        ]
        for (flag, value) in remote where value != nil {
            throw ValidationError("\(flag) has no meaning here: run needs no server")
        }
    }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        // Before the runtime exists: a signal must find somebody who takes it away again.
        let signals = SignalWatch()
        let options = try start.options(context.console.environment)
        let module = try ModuleWord(start.module, isFile: true)
        let form = try view.form(context)
        let runtime = try await PrivateRuntime.start(context)
        // To the end of the runtime: until then a signal must not end us before it.
        defer { withExtendedLifetime(signals) {} }
        return try await runtime.during(context) {
            try await PrivateRun(
                module: module, options: options, form: form, context: context, signals: signals
            ).run(runtime)
        }
    }
}
