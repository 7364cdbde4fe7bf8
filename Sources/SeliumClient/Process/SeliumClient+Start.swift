internal import SeliumProtocol
internal import SeliumTLSCore

extension SeliumClient {
    /// Starts a process.
    ///
    /// A file's bytes are sent only when the server does not have them, from where an earlier upload
    /// stopped. Returns when the process exists; what it does from then on is in its log.
    ///
    /// - Parameters:
    ///   - module: a file, bytes, or a module that the server has.
    ///   - entrypoint: nil for `start` if the module exports it, else `_start`.
    ///   - arguments: what a named entrypoint is called with; a WASI command gets their text in argv.
    ///   - results: the kinds of the results to keep in its ``ExitRecord``.
    ///   - argv: what follows the module's name and the arguments in a WASI command's argv.
    ///   - environment: its whole environment; values are shown to nobody.
    ///   - capabilities: what it may do, and nothing else.
    ///   - limits: what is left out has the server's default.
    ///   - name: unique among the living of the caller's namespace.
    ///   - strict: refuse a module with imports that would not work, instead of telling.
    ///   - takesInput: whether somebody will write its stdin; without it stdin is empty.
    ///   - supervision: when it begins again after an end.
    ///   - progress: called now and then while a module is sent or compiled; must not block.
    public func start(
        _ module: ModuleSource, entrypoint: String? = nil, arguments: [StartArgument] = [],
        results: [ValueKind] = [], argv: [String] = [], environment: [EnvironmentVariable] = [],
        capabilities: [Grant] = [], limits: Limits = .init(), name: String? = nil,
        strict: Bool = false,
        takesInput: Bool = false, supervision: Supervision = .init(),
        progress: (@Sendable (StartProgress) -> Void)? = nil
    ) async throws(ClientError) -> Process {
        let options = StartOptions(
            entrypoint: entrypoint, arguments: arguments, results: results, argv: argv,
            environment: environment, capabilities: capabilities, limits: limits, name: name,
            strict: strict,
            takesInput: takesInput, supervision: supervision)
        return try await start(module, options, progress: progress).process
    }

    /// Starts a process and tells what came of it: id, chosen entrypoint, imports that will not work.
    public func start(
        _ module: ModuleSource, _ options: StartOptions,
        progress: (@Sendable (StartProgress) -> Void)? = nil
    ) async throws(ClientError) -> (process: Process, report: StartReport) {
        let (reader, report) = try await begin(module, options, isDryRun: false, progress)
        let id = report.id ?? 0
        let input = options.takesInput ? InputLine(self, id: id, started: reader) : nil
        return (Process(self, id: id, name: options.name ?? "", input: input), report)
    }

    /// Judges a start as the server would and starts nothing. A module the server lacks is sent.
    public func dryRun(
        _ module: ModuleSource, _ options: StartOptions,
        progress: (@Sendable (StartProgress) -> Void)? = nil
    ) async throws(ClientError) -> StartReport {
        try await begin(module, options, isDryRun: true, progress).1
    }

    /// Starts a process and follows it from its first record on, for the time `body` runs: the start
    /// and the log are one request, so nothing lies between the two. Leaving `body` detaches.
    public func withStarted<Value>(
        _ module: ModuleSource, _ options: StartOptions, streams: [LogStream] = [],
        progress: (@Sendable (StartProgress) -> Void)? = nil,
        _ body: (Attachment) async throws -> Value
    ) async throws -> Value {
        let call = try StartCall(
            module, options, isDryRun: false, key: SystemRandom().bytes(32), progress: progress)
        let follower = LogFollower(self, .start(call), position: .start, streams: streams)
        try await follower.begin()
        do {
            let value = try await body(Attachment(follower, self))
            await follower.abandon()
            return value
        } catch {
            await follower.abandon()
            throw error
        }
    }

    private nonisolated(nonsending) func begin(
        _ module: ModuleSource, _ options: StartOptions, isDryRun: Bool,
        _ progress: (@Sendable (StartProgress) -> Void)?
    ) async throws(ClientError) -> (AnswerReader, StartReport) {
        let call = try StartCall(
            module, options, isDryRun: isDryRun, key: SystemRandom().bytes(32), progress: progress)
        var retries = Retries(context.reconnection)
        while true {
            do {
                return try await call.begin(self, follow: nil)
            } catch {
                try await retries.pause(after: error)
            }
        }
    }
}
