internal import ArgumentParser

/// `selium` itself: bare, it names the commands that are used most.
struct Selium: SeliumSubcommand {
    /// What `--version` prints.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "selium",
        abstract: "Runs sandboxed programs on a server and lets you watch them.",
        discussion: """
            EXAMPLES
              selium start hello.wasm --attach
              selium --domain build.example.com ps
            """,
        version: "selium \(version)",
        subcommands: [
            Start.self, Stop.self, Kill.self, Restart.self, Remove.self, Prune.self, List.self,
            Status.self, Inspect.self, Attach.self, Logs.self, Events.self, Wait.self, Run.self,
            Info.self,
            Contexts.self, Modules.self, Capabilities.self, Certificates.self, Completion.self,
        ])

    /// The names of all commands. Each says its own in its configuration as well: made from a type's
    /// name, as the parser would else do at every start, they cost a millisecond.
    static let names = [
        "start", "stop", "kill", "restart", "rm", "prune", "ps", "status", "inspect", "attach",
        "logs", "events", "wait", "run", "info", "context", "module", "caps", "cert", "completion",
    ]

    /// Commands without commands of their own.
    static let leaves: [String: any SeliumSubcommand.Type] = [
        "start": Start.self, "stop": Stop.self, "kill": Kill.self, "restart": Restart.self,
        "rm": Remove.self, "prune": Prune.self, "ps": List.self, "status": Status.self,
        "inspect": Inspect.self, "attach": Attach.self, "logs": Logs.self, "events": Events.self,
        "wait": Wait.self,
        "run": Run.self, "info": Info.self, "completion": Completion.self,
    ]

    /// Commands that have commands of their own.
    static let groups = [
        "caps": ["ls"], "cert": ["init", "issue"], "context": ["ls", "use", "add", "rm"],
        "module": ["push", "ls", "inspect", "rm", "gc"],
    ]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    var usesContext: Bool { false }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.console.write(
            """
            selium start FILE --attach   start a program on the server and watch it
            selium ps                    what is running
            selium attach ID             watch a program that runs
            selium stop ID               stop it

            All commands: selium --help

            """)
        return .ok
    }
}
