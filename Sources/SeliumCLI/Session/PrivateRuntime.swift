internal import SeliumClient

/// A runtime for one `run`: its own directory, certificates and port, and a life that ends with ours.
struct PrivateRuntime: Sendable {
    private static let readyWords = "Listening on "
    /// The longest wait for it to be ready.
    private static let patience = Duration.seconds(20)
    /// The longest wait for its last words once it is gone.
    private static let lastWords = Duration.seconds(1)

    private let child: ChildProcess
    private let directory: PrivateDirectory
    private let said: LastLines
    /// How to connect to it.
    let configuration: SeliumClient.Configuration

    /// Starts one and waits until it listens.
    static func start(_ context: CommandContext) async throws(CommandError) -> PrivateRuntime {
        guard let path = executable(context.console.environment) else {
            throw CommandError(
                .badConfiguration, "no selium-runtime beside this command or on PATH",
                remedies: ["install both: scripts/install"])
        }
        let directory = PrivateDirectory(context.console.environment)
        let child: ChildProcess
        do {
            child = try ChildProcess(
                path, ["--work-dir", directory.path, "--listen", "127.0.0.1:0", "--private"],
                environment: ["SELIUM_LOG_FORMAT=text"])
        } catch {
            throw CommandError(.failed, "cannot start \(path): \(error.reason)")
        }
        return try await ready(child, directory, context)
    }

    /// Ends the runtime and removes what it left.
    private func end() async {
        child.closeInput()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await child.wait() }
            group.addTask {
                try? await Task.sleep(for: .seconds(5))
                if !Task.isCancelled { child.kill() }
            }
            await group.next()
            // Killed or gone: it is reaped either way.
            await child.wait()
            group.cancelAll()
        }
        directory.remove()
    }

    /// Ends it at once.
    func kill() { child.kill() }

    /// Runs `body`, and ends the runtime and removes what it left afterwards. Meanwhile what it says
    /// is read, so that it never waits for us; shown with -v, and where a failure may be its own.
    func during(
        _ context: CommandContext, _ body: () async throws -> ExitStatus
    ) async throws -> ExitStatus {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await drainDiagnostics(context) }
            defer { group.cancelAll() }
            do {
                let status = try await body()
                await end()
                return status
            } catch {
                await end()
                // What it said is whole when its stderr has ended, which it has now.
                group.addTask { try? await Task.sleep(for: Self.lastWords) }
                try await group.next()
                throw explain(error, context)
            }
        }
    }

    private func drainDiagnostics(_ context: CommandContext) async {
        while true {
            let bytes = await child.readErrors()
            if bytes.isEmpty { return }
            said.append(bytes)
            if context.settings.isVerbose { context.console.err.post(bytes) }
        }
    }

    /// A failure that may be the runtime's own, with what that said last: nobody else keeps its log.
    private func explain(_ error: any Error, _ context: CommandContext) -> any Error {
        let failure = (error as? ClientError).map { CommandError($0) } ?? error as? CommandError
        guard var failure, !context.settings.isVerbose, failure.isPerhapsTheServers else {
            return error
        }
        let lines = said.lines.map { "  " + Escape.foreign($0) }
        if !lines.isEmpty { failure.remedies += ["its runtime said:"] + lines }
        return failure
    }

    private enum Readiness: Hashable, Sendable {
        case listens(UInt16)
        case ended
        case silent
    }

    private static func ready(
        _ child: ChildProcess, _ directory: PrivateDirectory, _ context: CommandContext
    ) async throws(CommandError) -> PrivateRuntime {
        let said = LastLines()
        let readiness = await withTaskGroup(of: Readiness.self) { group in
            group.addTask { await readPort(child, said).map(Readiness.listens) ?? .ended }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .silent
            }
            defer { group.cancelAll() }
            return await group.next() ?? .silent
        }
        if case .listens(let port) = readiness {
            let configuration = SeliumClient.Configuration(
                host: "127.0.0.1", port: port, certificates: .directory("\(directory.path)/certs"),
                timeout: context.settings.timeout, reconnection: .init(giveUpAfter: .seconds(1)))
            return PrivateRuntime(
                child: child, directory: directory, said: said, configuration: configuration)
        }
        child.kill()
        await child.wait()
        directory.remove()
        throw CommandError(
            .badConfiguration, "the private runtime did not start",
            remedies: said.lines.map(Escape.foreign)
                + (readiness == .silent ? ["it was not ready in \(patience)"] : []))
    }

    /// The port it listens on; nil when it ended before.
    private static func readPort(_ child: ChildProcess, _ said: LastLines) async -> UInt16? {
        while true {
            let bytes = await child.readErrors()
            if bytes.isEmpty { return nil }
            for line in said.append(bytes) {
                if let range = line.firstRange(of: readyWords), let colon = line.lastIndex(of: ":"),
                    colon > range.upperBound, let port = UInt16(line[line.index(after: colon)...])
                {
                    said.clear()
                    return port
                }
            }
        }
    }

    /// Beside this program, else on PATH.
    private static func executable(_ environment: [String: String]) -> String? {
        let name = "selium-runtime"
        var places: [String] = []
        if let own = PrivateDirectory.ownExecutable(), let slash = own.lastIndex(of: "/") {
            places.append(String(own[...slash]) + name)
        }
        for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/")
        {
            places.append("\(folder)/\(name)")
        }
        return places.first(where: PrivateDirectory.isExecutable)
    }
}
