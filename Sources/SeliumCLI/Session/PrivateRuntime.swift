internal import SeliumClient

/// A runtime for one `run`: its own directory, certificates and port, and a life that ends with ours.
struct PrivateRuntime: Sendable {
    private static let readyWords = "Listening on "
    /// Lines of the runtime's own that are kept for an error message.
    private static let keptLines = 5
    /// The longest wait for it to be ready.
    private static let patience = Duration.seconds(20)

    private let child: ChildProcess
    private let directory: PrivateDirectory
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
    func end() async {
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

    /// Reads on what it says, so that it never waits for us; shown with -v only.
    func drainDiagnostics(_ context: CommandContext) async {
        while true {
            let bytes = await child.readErrors()
            if bytes.isEmpty { return }
            if context.settings.isVerbose { context.console.err.post(bytes) }
        }
    }

    private static func ready(
        _ child: ChildProcess, _ directory: PrivateDirectory, _ context: CommandContext
    ) async throws(CommandError) -> PrivateRuntime {
        let port = await withTaskGroup(of: (UInt16?, [String])?.self) { group in
            group.addTask { await readPort(child) }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        if let found = port?.0 {
            let configuration = SeliumClient.Configuration(
                host: "127.0.0.1", port: found, certificates: .directory("\(directory.path)/certs"),
                timeout: context.settings.timeout, reconnection: .init(giveUpAfter: .seconds(1)))
            return PrivateRuntime(child: child, directory: directory, configuration: configuration)
        }
        child.kill()
        await child.wait()
        directory.remove()
        throw CommandError(
            .badConfiguration, "the private runtime did not start",
            remedies: (port?.1 ?? ["it said nothing for \(patience)"]).map(Escape.foreign))
    }

    /// The port it listens on, or what it said before it ended.
    private static func readPort(_ child: ChildProcess) async -> (UInt16?, [String]) {
        var rest = ""
        var lines: [String] = []
        while true {
            let bytes = await child.readErrors()
            if bytes.isEmpty { return (nil, lines + (rest.isEmpty ? [] : [rest])) }
            rest += String(decoding: bytes, as: UTF8.self)
            while let newline = rest.firstIndex(of: "\n") {
                let line = String(rest[..<newline])
                rest = String(rest[rest.index(after: newline)...])
                if let range = line.firstRange(of: readyWords), let colon = line.lastIndex(of: ":"),
                    colon > range.upperBound, let port = UInt16(line[line.index(after: colon)...])
                {
                    return (port, [])
                }
                lines = (lines + [line]).suffix(keptLines)
            }
            if rest.utf8.count > 65_536 { rest = "" }
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
