internal import ArgumentParser
internal import SeliumClient

/// `selium module`
struct Modules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "module",
        abstract: "Keep modules on the server.",
        discussion: """
            `start FILE` leaves the module on the server, without a name. `push` gives one a name, which
            `start NAME` takes; it hides a file of that name in the server's modules folder.

            EXAMPLES
              selium module push web.wasm
              selium module ls
            """,
        subcommands: [
            PushModule.self, ListModules.self, InspectModule.self, RemoveModule.self,
            CollectModules.self,
        ])
}

/// `selium module push`
struct PushModule: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send a module to the server and give it a name.",
        discussion: """
            The name is the file's without .wasm, or what --name says. A name that is taken means the new
            module from now on; programs that run keep theirs.

            EXAMPLES
              selium module push web.wasm
              selium module push build/release.wasm --name web
            """)

    @Argument(
        help: ArgumentHelp("A file.", valueName: "file"), completion: .file(extensions: ["wasm"]))
    var file: String

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Another name.", valueName: "name"))
    var name: String?

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let path = Escape.foreign(file)
        switch LocalFile.kind(file) {
        case .file: break
        case .directory: throw CommandError(.noInput, "\(path) is a directory")
        case .missing: throw CommandError(.noInput, "no file \(path)")
        }
        let wanted = name ?? file.split(separator: "/").last.map(String.init) ?? file
        let bare = ModuleNames.bare(wanted)
        guard StartFlags.isName(bare) else {
            throw CommandError.usage(
                "'\(Escape.foreign(bare))' is not a name",
                remedies: [
                    "letters, digits and . - _, 63 at most, never only digits: --name NAME"
                ])
        }
        let progress = UploadProgress(file, context.console.err)
        let shows = context.console.isErrTerminal && !context.settings.isQuiet
        let report: (@Sendable (StartProgress) -> Void)? =
            shows ? { @Sendable step in progress.report(step) } : nil
        defer { progress.clear() }
        return try await context.withClient { client in
            let pushed = try await client.push(.file(file), as: bare, progress: report)
            progress.clear()
            await context.console.err.drain()
            let digest = ProcessJSON.digest(pushed.digest)
            let replaced = pushed.replaced.map(ProcessJSON.digest)
            let before = replaced.map { ", which was \(ModuleNames.short($0))" } ?? ""
            try await context.write(
                schema: "selium.pushed/1",
                table:
                    "Pushed \(Escape.foreign(pushed.name)) \(ModuleNames.short(digest))\(before)\n",
                name: pushed.name + "\n",
                [
                    .init("name", .string(pushed.name)), .init("digest", .string(digest)),
                    .init("replaced", .optional(replaced)),
                ])
            return .ok
        }
    }
}

/// `selium module ls`
struct ListModules: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the modules that you can start.",
        discussion: """
            Those of the namespace `system` are files of the server's modules folder, for everybody; their
            digest is known once they were used. --output name prints names, and digests of what has none.

            EXAMPLES
              selium module ls
              selium module ls --output json
            """)

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.withClient { client in
            let rows = try await client.modules()
            var table = Table(
                ["NAME", "NAMESPACE", "SIZE", "USERS", "ADDED", "DIGEST"], rightAligned: [2, 3])
            for row in rows {
                table.append([
                    row.names.isEmpty ? "-" : Escape.foreign(row.names.joined(separator: ", ")),
                    Escape.foreign(row.namespace), Quantity.size(row.size), String(row.users),
                    row.addedAt == 0 ? "-" : Timestamp.date(row.addedAt / 1_000_000_000),
                    row.digest.isEmpty
                        ? "-" : ModuleNames.short(ProcessJSON.digest(row.digest)),
                ])
            }
            let names = rows.flatMap { row in
                row.names.isEmpty && !row.digest.isEmpty
                    ? [ProcessJSON.digest(row.digest)] : row.names
            }
            try await context.write(
                schema: "selium.modules/1", table: table.text,
                name: names.map { $0 + "\n" }.joined(),
                [.init("modules", .array(rows.map { .object(ModuleJSON.row($0)) }))])
            return .ok
        }
    }
}

/// `selium module inspect`
struct InspectModule: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a module wants and what it offers.",
        discussion: """
            The server compiles it if nobody has before.

            EXAMPLES
              selium module inspect web
              selium module inspect web --output json
            """)

    @Argument(
        help: ArgumentHelp("A name, or sha256:DIGEST.", valueName: "name|digest"),
        completion: ModuleNames.completion)
    var module: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let reference = try ModuleReference(word: module)
        return try await context.withClient { client in
            let detail = try await client.inspectModule(reference)
            try await context.write(
                schema: "selium.module/1", table: Self.text(detail),
                name: ProcessJSON.digest(detail.status.digest) + "\n",
                ModuleJSON.row(detail.status) + ModuleJSON.detail(detail))
            return .ok
        }
    }

    private static func text(_ detail: ModuleDetail) -> String {
        var table = Table([])
        func add(_ name: String, _ value: String) { table.append([name, value]) }
        let row = detail.status
        add("digest", ProcessJSON.digest(row.digest))
        if !row.names.isEmpty {
            add("names", Escape.foreign(row.names.joined(separator: ", ")))
        }
        add("namespace", Escape.foreign(row.namespace))
        add("size", Quantity.size(row.size))
        if row.addedAt != 0 { add("added", Timestamp.date(row.addedAt / 1_000_000_000)) }
        add("users", "\(row.users) living \(row.users == 1 ? "process" : "processes")")
        add("memory", "begins with \(Quantity.size(detail.initialMemory))")
        add("entrypoint", Escape.foreign(detail.entrypoint))
        for (index, item) in detail.imports.enumerated() {
            let name = "\(Escape.foreign(item.module)).\(Escape.foreign(item.name))"
            let needs =
                item.isProvided
                ? item.capability.isEmpty ? "" : ": needs \(Escape.foreign(item.capability))"
                : ": not provided"
            add(index == 0 ? "imports" : "", name + needs)
        }
        for (index, item) in detail.exports.enumerated() {
            add(
                index == 0 ? "exports" : "",
                "\(Escape.foreign(item.name)) (\(Escape.foreign(item.kind)))")
        }
        let more = Int(detail.exportCount) - detail.exports.count
        if more > 0 { add("", "and \(more) more") }
        return table.text
    }
}

/// `selium module rm`
struct RemoveModule: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Forget names of modules, and modules with their last name.",
        discussion: """
            By its digest a module is forgotten with all its names. One that a living program uses is a
            conflict. Files of the server's modules folder are not touched.

            EXAMPLES
              selium module rm web
              selium module rm old older
            """)

    @Argument(
        help: ArgumentHelp("Names, or sha256:DIGEST.", valueName: "name|digest"),
        completion: ModuleNames.completion)
    var modules: [String]

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        if modules.count > 1, context.settings.output == .json {
            throw CommandError.usage(
                "several modules are several results, and --output json is one document",
                remedies: ["use --output jsonl"])
        }
        let references = try modules.map { word throws(CommandError) in
            try ModuleReference(word: word)
        }
        return try await context.withClient { client in
            var status = ExitStatus.ok
            for reference in references {
                do {
                    try await write(try await client.removeModule(reference), context)
                } catch let error as ClientError where references.count > 1 {
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

    private func write(_ removed: RemovedModule, _ context: CommandContext) async throws {
        let digest = ProcessJSON.digest(removed.digest)
        let names = Escape.foreign(removed.names.joined(separator: ", "))
        let what =
            removed.isGone
            ? "Removed module \(names.isEmpty ? ModuleNames.short(digest) : names)"
            : "Removed name \(names), the module has others"
        try await context.write(
            schema: "selium.removed-module/1", table: what + "\n", name: digest + "\n",
            [
                .init("digest", .string(digest)),
                .init("names", .array(removed.names.map(JSONValue.string))),
                .init("isGone", .bool(removed.isGone)),
            ])
    }
}

/// `selium module gc`
struct CollectModules: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Forget all modules of your namespace that have no name and no living program.",
        discussion: """
            What `start FILE` left behind has no name. A program that has ended needs its module no more.

            EXAMPLES
              selium module gc --dry-run
              selium module gc
            """)

    @Flag(help: "Only say which these are.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        try await context.withClient { client in
            let collected = try await client.collectModules(dryRun: dryRun)
            let digests = collected.digests.map(ProcessJSON.digest)
            let count = "\(digests.count) \(digests.count == 1 ? "module" : "modules")"
            let verb = dryRun ? "Would remove" : "Removed"
            try await context.write(
                schema: "selium.collected/1",
                table: "\(verb) \(count) (\(Quantity.size(collected.bytes)))\n",
                name: digests.map { $0 + "\n" }.joined(),
                [
                    .init("digests", .array(digests.map(JSONValue.string))),
                    .init("bytes", .unsigned(collected.bytes)), .init("dryRun", .bool(dryRun)),
                ])
            return .ok
        }
    }
}

/// How modules are written and read.
enum ModuleNames {
    /// Without `.wasm` at its end.
    static func bare(_ name: String) -> String {
        name.hasSuffix(".wasm") ? String(name.dropLast(5)) : name
    }

    /// A digest's beginning, for people.
    static func short(_ digest: String) -> String { String(digest.prefix(19)) }

    /// What a shell can complete.
    static var completion: CompletionKind {
        .shellCommand("selium module ls --output name 2>/dev/null")
    }
}

extension ModuleReference {
    /// Reads a word of the command line: a name, or sha256: and 64 digits.
    init(word: String) throws(CommandError) {
        let shown = Escape.foreign(word)
        if word.hasPrefix("sha256:") {
            guard word.utf8.count == 71, let digest = Hexadecimal.bytes(word.dropFirst(7)) else {
                throw .usage("'\(shown)' is not sha256: and 64 hexadecimal digits")
            }
            self = .digest(digest)
            return
        }
        guard !word.isEmpty, !word.contains("/"), word.utf8.count <= 255 else {
            throw .usage(
                "'\(shown)' is neither a module's name nor a digest",
                remedies: ["to list them: selium module ls"])
        }
        self = .name(word)
    }
}

/// Modules as JSON; docs/json.md describes every member.
enum ModuleJSON {
    static func row(_ row: ModuleStatus) -> [JSONMember] {
        [
            .init(
                "digest", row.digest.isEmpty ? .null : .string(ProcessJSON.digest(row.digest))),
            .init("size", .unsigned(row.size)), .init("namespace", .string(row.namespace)),
            .init("names", .array(row.names.map(JSONValue.string))),
            .init(
                "addedAt", row.addedAt == 0 ? .null : .string(Timestamp.precise(row.addedAt))),
            .init("users", .unsigned(UInt64(row.users))),
        ]
    }

    static func detail(_ detail: ModuleDetail) -> [JSONMember] {
        [
            .init("initialMemory", .unsigned(detail.initialMemory)),
            .init("entrypoint", .string(detail.entrypoint)),
            .init(
                "imports",
                .array(
                    detail.imports.map { item in
                        .object([
                            .init("module", .string(item.module)),
                            .init("name", .string(item.name)),
                            .init(
                                "capability",
                                item.capability.isEmpty ? .null : .string(item.capability)),
                            .init("provided", .bool(item.isProvided)),
                        ])
                    })),
            .init(
                "exports",
                .array(
                    detail.exports.map { item in
                        .object([
                            .init("name", .string(item.name)), .init("kind", .string(item.kind)),
                        ])
                    })),
            .init("exportCount", .unsigned(UInt64(detail.exportCount))),
        ]
    }
}
