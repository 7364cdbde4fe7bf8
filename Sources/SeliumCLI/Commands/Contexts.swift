internal import ArgumentParser
internal import SeliumClient

/// `selium context`
struct Contexts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "Keep several servers under names.",
        discussion: """
            A context is what --domain, --port, --cert-dir and --server-name say, under a name. It is taken
            with --context NAME or SELIUM_CONTEXT, or by every command once it is in use; flags and
            variables count more than what it says.

            EXAMPLES
              selium context add build --domain build.example.com --cert-dir ~/build-certs
              selium context use build
            """,
        subcommands: [
            ListContexts.self, UseContext.self, AddContext.self, RemoveContext.self,
        ])
}

/// A command about the file of contexts: it takes its own settings from none of them.
protocol ContextCommand: SeliumSubcommand {}

extension ContextCommand {
    var usesContext: Bool { false }
    var ignoredVariables: Set<String> { ["SELIUM_CONTEXT"] }

    func validate() throws {
        guard global.context == nil else {
            throw ValidationError("--context has no meaning here: say the name alone")
        }
    }

    /// The user's file.
    func store(_ context: CommandContext) throws(CommandError) -> ContextStore {
        guard let store = ContextStore(context.console.environment) else {
            throw CommandError(
                .badConfiguration, "there are no contexts without a home directory",
                remedies: ["set HOME"])
        }
        return store
    }

    /// A name that the file does not have.
    func notFound(_ name: String, _ saved: ContextFile) -> CommandError {
        CommandError(
            .notFound, "no context '\(Escape.foreign(name))'",
            remedies: [ContextChoice.hint(name, saved)])
    }
}

/// `selium context ls`
struct ListContexts: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the contexts; the one in use has a *.",
        discussion: """
            EXAMPLES
              selium context ls
              selium context ls --output name
            """)

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let store = try store(context)
        let saved = try store.load()
        var table = Table(["", "NAME", "DOMAIN", "PORT", "CERT-DIR", "SERVER-NAME"])
        for one in saved.contexts {
            table.append([
                one.name == saved.current ? "*" : "", one.name, Escape.foreign(one.domain),
                one.port.map { "\($0)" } ?? "-",
                one.certificateDirectory.map(Escape.foreign) ?? "-",
                one.serverName.map(Escape.foreign) ?? "-",
            ])
        }
        try await context.write(
            schema: "selium.contexts/1", table: table.text,
            name: saved.contexts.map { $0.name + "\n" }.joined(),
            [
                .init("file", .string(store.path)), .init("current", .optional(saved.current)),
                .init(
                    "contexts", .array(saved.contexts.map { .object(ContextJSON.members($0)) })),
            ])
        return .ok
    }
}

/// `selium context use`
struct UseContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Take the settings of one context from now on.",
        discussion: """
            EXAMPLES
              selium context use build
              selium context use --none
            """)

    @Argument(help: "The context's name.", completion: ContextNames.completion)
    var name: String?

    @Flag(help: "Take them from no context.")
    var none = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func validate() throws {
        guard global.context == nil else {
            throw ValidationError("--context has no meaning here: say the name alone")
        }
        guard none == (name == nil) else {
            throw ValidationError("name a context, or say --none")
        }
    }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let name = name
        let chosen = try store(context).change { saved throws(CommandError) in
            if let name, saved[name] == nil { throw notFound(name, saved) }
            saved.current = name
            return name.flatMap { saved[$0] }
        }
        guard let chosen else {
            try await context.write(
                schema: "selium.context/1", table: "Using no context\n", name: "",
                [.init("name", .null)])
            return .ok
        }
        try await context.write(
            schema: "selium.context/1", table: "Using context \(chosen.name)\n",
            name: chosen.name + "\n", ContextJSON.members(chosen))
        return .ok
    }
}

/// `selium context add`
struct AddContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Keep the flags that lead to a server under a name.",
        discussion: """
            It keeps --domain, which has to be there, and --port, --cert-dir and --server-name where they
            are given; variables do not count. It is not in use before `selium context use`.

            EXAMPLES
              selium context add build --domain build.example.com --cert-dir ~/build-certs
              selium context add lab --domain 10.0.0.7 --port 7001 --server-name lab.internal
            """)

    @Argument(help: "Letters, digits and . - _, never only digits.")
    var name: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        guard StartFlags.isName(name) else {
            throw CommandError.usage(
                "'\(Escape.foreign(name))' is not a name",
                remedies: ["letters, digits and . - _, 63 at most, never only digits"])
        }
        let made = try saved()
        let store = try store(context)
        try store.change { saved throws(CommandError) in
            guard saved[name] == nil else {
                throw CommandError(
                    .conflict, "there is a context '\(name)' already",
                    remedies: ["to make it anew: selium context rm \(name)"])
            }
            saved.add(made)
        }
        if let directory = made.certificateDirectory,
            LocalFile.kind("\(directory)/client.crt") == .missing
        {
            await context.note("note: \(Escape.foreign(directory)) has no client.crt yet")
        }
        try await context.write(
            schema: "selium.context/1", table: "Added context \(name)\n", name: name + "\n",
            ContextJSON.members(made))
        return .ok
    }

    /// What the flags say; their values were judged with all settings.
    private func saved() throws(CommandError) -> SavedContext {
        guard let domain = global.domain else {
            throw .usage(
                "a context leads to a server, and --domain is missing",
                remedies: ["selium context add \(name) --domain HOST"])
        }
        for value in [global.domain, global.certDir, global.serverName] {
            guard !(value ?? "").unicodeScalars.contains(where: { Escape.isControl($0) }) else {
                throw .usage("'\(Escape.foreign(value ?? ""))' has control characters")
            }
        }
        var made = SavedContext(name: name, domain: domain)
        made.port = global.port.flatMap { UInt16($0) }
        made.serverName = global.serverName
        if let directory = global.certDir {
            guard !directory.isEmpty, let path = ContextStore.absolute(directory) else {
                throw .usage("--cert-dir '\(Escape.foreign(directory))' is not a directory's name")
            }
            made.certificateDirectory = path
        }
        return made
    }
}

/// `selium context rm`
struct RemoveContext: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Forget a context; certificates are not touched.",
        discussion: """
            Where it was in use no context is, afterwards.

            EXAMPLES
              selium context rm build
              selium context rm lab --output json
            """)

    @Argument(help: "The context's name.", completion: ContextNames.completion)
    var name: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let (gone, wasCurrent) = try store(context).change { saved throws(CommandError) in
            guard let gone = saved[name] else { throw notFound(name, saved) }
            let wasCurrent = saved.current == name
            saved.remove(name)
            return (gone, wasCurrent)
        }
        if wasCurrent { await context.note("note: no context is in use now") }
        try await context.write(
            schema: "selium.context/1", table: "Removed context \(name)\n", name: name + "\n",
            ContextJSON.members(gone))
        return .ok
    }
}

/// A context as JSON; docs/json.md describes every member.
enum ContextJSON {
    static func members(_ context: SavedContext) -> [JSONMember] {
        [
            .init("name", .string(context.name)), .init("domain", .string(context.domain)),
            .init("port", context.port.map { .unsigned(UInt64($0)) } ?? .null),
            .init("certDir", .optional(context.certificateDirectory)),
            .init("serverName", .optional(context.serverName)),
        ]
    }
}

/// The names that a shell can complete.
enum ContextNames {
    static var completion: CompletionKind {
        .shellCommand("selium context ls --output name 2>/dev/null")
    }
}
