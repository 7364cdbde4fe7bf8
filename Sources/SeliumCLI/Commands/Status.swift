internal import ArgumentParser
internal import SeliumClient

/// `selium status ID`
struct Status: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show one program in full: its state, its restarts, how it last ended.",
        discussion: """
            EXAMPLES
              selium status 7
              selium status web --output json
            """)

    @Argument(help: ArgumentHelp("Id or name.", valueName: "id"))
    var process: String

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let reference = try ProcessReference(word: process)
        return try await context.withClient { client in
            let row = try await client.process(reference).status
            guard case .table = context.settings.output else {
                return try await write(row, context)
            }
            try await context.console.write(StatusText(row).text)
            return .ok
        }
    }

    private func write(_ row: ProcessStatus, _ context: CommandContext) async throws -> ExitStatus {
        let json = ProcessJSON.row(row, schema: true)
        switch context.settings.output {
        case .name, .table: try await context.console.write("\(row.id)\n")
        case .json: try await context.console.write(json.document)
        case .jsonl: try await context.console.write(json.line)
        }
        return .ok
    }
}

/// What `status` shows: a line for each thing there is to say.
struct StatusText {
    let text: String

    init(_ row: ProcessStatus) {
        var table = Table([])
        for (name, value) in Self.lines(row) { table.append([name, value]) }
        text = table.text
    }

    /// What each line is about, and what it says.
    static func lines(_ row: ProcessStatus) -> [(String, String)] {
        var lines: [(String, String)] = []
        func add(_ name: String, _ value: String) { lines.append((name, value)) }
        add("id", String(row.id))
        if !row.name.isEmpty { add("name", Escape.foreign(row.name)) }
        if !row.labels.isEmpty {
            let labels = row.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            add("labels", Escape.foreign(labels.joined(separator: ", ")))
        }
        add("namespace", Escape.foreign(row.namespace))
        add("owner", Escape.foreign(row.owner))
        add("module", Escape.foreign(row.moduleName))
        add("digest", ProcessJSON.digest(row.moduleDigest))
        add("entrypoint", Escape.foreign(row.entrypoint))
        add("state", SupervisionView.state(row))
        add("started", Timestamp.precise(row.createdAt))
        add("uptime", Quantity.uptime(row.uptimeNanoseconds))
        add("incarnation", String(row.incarnation))
        add("restarts", "\(row.restarts) by its policy")
        add("policy", SupervisionView.flags(row.supervision))
        add("cpu", Quantity.cpu(row.cpuNanoseconds))
        add("memory", "\(Quantity.size(row.memory)) of \(Quantity.size(row.memoryLimit))")
        let grants = row.grants.map { Escape.foreign($0.description) }
        add("capabilities", grants.isEmpty ? "none" : grants.joined(separator: ", "))
        if let exit = row.exit {
            add("last end", "incarnation \(exit.incarnation) \(EndText.sentence(exit))")
            add("", Timestamp.precise(exit.endedAt))
        }
        return lines
    }
}
