internal import ArgumentParser
internal import Logging
internal import SeliumClient

/// One command of `selium`: parsed, then executed, then rendered.
protocol SeliumSubcommand: ParsableCommand {
    /// The flags every command has.
    var global: GlobalFlags { get }
    /// Variables that mean nothing to it.
    var ignoredVariables: Set<String> { get }
    /// Whether a context may say where it connects to. What connects to nothing does not fail for a
    /// context that is not there.
    var usesContext: Bool { get }
    /// Does it. Throws `CommandError`, `ClientError`, or `ClosedOutput`.
    func execute(_ context: CommandContext) async throws -> ExitStatus
}

extension SeliumSubcommand {
    var ignoredVariables: Set<String> { [] }
    var usesContext: Bool { true }
}

/// What a command has to work with.
struct CommandContext: Sendable {
    let console: Console
    let settings: Settings

    /// Where and as whom to connect.
    var configuration: SeliumClient.Configuration {
        var configuration = SeliumClient.Configuration(
            host: settings.domain, port: settings.port,
            certificates: settings.certificateDirectory.map { .directory($0) } ?? .standard,
            serverName: settings.serverName, timeout: settings.timeout,
            reconnection: .init(giveUpAfter: settings.timeout))
        if settings.isVerbose {
            let (sink, format) = (console.err, settings.logFormat)
            configuration.logger = Logger(label: "selium") { _ in
                DiagnosticLog(sink: sink, format: format, level: .debug)
            }
        }
        return configuration
    }

    /// Runs `body` with a client.
    func withClient(_ body: (SeliumClient) async throws -> ExitStatus) async throws -> ExitStatus {
        try await SeliumClient.withConnection(configuration) { client in
            let patient = client.timeout(settings.timeout, boundsFollowing: settings.isTimeoutGiven)
            return try await body(patient)
        }
    }

    /// Writes a note for people to stderr, unless they want none.
    func note(_ text: String) async {
        guard !settings.isQuiet else { return }
        switch settings.logFormat {
        case .text: await console.warn(text + "\n")
        case .json:
            await console.warn(
                JSONValue.object([.init("level", .string("info")), .init("message", .string(text))])
                    .line)
        }
    }

    /// Writes one result in the format that was asked for.
    ///
    /// - Parameters:
    ///   - table: what people read.
    ///   - name: the one word scripts want.
    ///   - members: what stands in the JSON document behind its schema.
    func write(
        schema: String, table: String, name: String, _ members: [JSONMember]
    ) async throws(ClosedOutput) {
        let json = JSONValue.object([.init("schema", .string(schema))] + members)
        switch settings.output {
        case .table: try await console.write(table)
        case .name: try await console.write(name)
        case .json: try await console.write(json.document)
        case .jsonl: try await console.write(json.line)
        }
    }

    /// How a command that streams writes records: as JSON lines, or as they come.
    ///
    /// `--output json` is one document and cannot be a stream; from the environment it means lines.
    func streamsJSON() throws(CommandError) -> Bool {
        switch settings.output {
        case .jsonl: return true
        case .json:
            guard settings.outputOrigin != .flag else {
                throw .usage(
                    "--output json is one document; this command streams",
                    remedies: ["use --output jsonl"])
            }
            return true
        case .name where settings.outputOrigin == .flag:
            throw .usage(
                "--output name has no meaning for what a program writes",
                remedies: ["leave it out, or use --output jsonl"])
        case .table, .name:
            return settings.outputOrigin == .standard && settings.logFormat == .json
        }
    }
}

/// Diagnostics of the libraries, one line each, on stderr.
struct DiagnosticLog: LogHandler {
    let sink: any OutputSink
    let format: Settings.LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(sink: any OutputSink, format: Settings.LogFormat, level: Logger.Level) {
        self.sink = sink
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let tail = all.map { " \($0.key)=\(Escape.foreign("\($0.value)"))" }.joined()
            sink.post(Array("\(event.level): \(event.message)\(tail)\n".utf8))
        case .json:
            let members =
                [
                    JSONMember("level", .string("\(event.level)")),
                    .init("message", .string("\(event.message)")),
                ]
                + all.map { JSONMember($0.key, .string("\($0.value)")) }
            sink.post(Array(JSONValue.object(members).line.utf8), asJSON: true)
        }
    }
}
