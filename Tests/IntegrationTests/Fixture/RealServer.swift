import Foundation

/// A real selium-runtime on free loopback ports, with certificates of its own, for the time of a test.
struct RealServer: Sendable {
    /// The work directory, with `certs/` in it.
    let directory: URL
    /// Its UDP port, the same on ::1 and 127.0.0.1.
    let port: Int
    private let process: Process
    /// What else its runtime was told.
    private let variables: [String: String]

    /// Runs `body` with a server that listens, and ends it afterwards.
    ///
    /// - Parameters:
    ///   - certify: puts certificates into the directory; without it `selium cert init` does.
    ///   - variables: settings of the runtime, and of those that come in its place.
    static func withServer<Value: Sendable>(
        certify: ((URL) throws -> Void)? = nil, variables: [String: String] = [:],
        _ body: (RealServer) async throws -> Value
    ) async throws -> Value {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let certificates = files.url.appending(path: "certs")
        if let certify {
            try certify(certificates)
        } else {
            let made = try await Command.run(selium, ["cert", "init", "--dir", certificates.path])
            guard made.code == 0 else { throw MissingTool(message: made.errors) }
        }
        return try await running(in: files.url, listen: "localhost:0", variables, body)
    }

    /// Runs `body` with another runtime in the place of this one, which has ended: the same work
    /// directory, the same port.
    func withSuccessor<Value: Sendable>(
        _ body: (RealServer) async throws -> Value
    ) async throws -> Value {
        try await Self.running(in: directory, listen: "localhost:\(port)", variables, body)
    }

    private static func running<Value: Sendable>(
        in directory: URL, listen: String, _ variables: [String: String],
        _ body: (RealServer) async throws -> Value
    ) async throws -> Value {
        let process = Process()
        process.executableURL = Checkout.binaries.appending(path: "selium-runtime")
        process.arguments = ["--work-dir", directory.path, "--listen", listen]
        process.environment = Command.environment(variables)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let port = try await listening(errors.fileHandleForReading)
        return try await body(
            RealServer(
                directory: directory, port: port, process: process, variables: variables))
    }

    /// The command with this server's settings.
    func selium(_ arguments: String..., input: String? = nil) async throws -> Command {
        try await Command.run(
            Self.selium, arguments,
            environment: environment, directory: directory, input: input)
    }

    /// Ends it as a crash would.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Ends it in order.
    func terminate() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Sends it a signal.
    func signal(_ number: Int32) { Foundation.kill(process.processIdentifier, number) }

    /// Waits for its end: the exit code.
    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The variables that lead a command to this server.
    var environment: [String: String] {
        [
            "SELIUM_PORT": "\(port)",
            "SELIUM_CERT_DIR": directory.appending(path: "certs").path,
        ]
    }

    static let selium = Checkout.binaries.appending(path: "selium").path

    /// The port in the first complete line `Listening on …`; reading goes on, so that the runtime is
    /// never held up by a full pipe.
    private static func listening(_ errors: FileHandle) async throws -> Int {
        let lines = AsyncStream<String> { continuation in
            let splitter = LineSplitter()
            errors.readabilityHandler = { handle in
                let data = handle.availableData
                if data.isEmpty {
                    handle.readabilityHandler = nil
                    continuation.finish()
                } else {
                    for line in splitter.lines(in: data) { continuation.yield(line) }
                }
            }
        }
        var heard = ""
        for await line in lines {
            heard += line + "\n"
            guard line.contains("Listening on "),
                let port = line.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            return port
        }
        throw MissingTool(message: "selium-runtime ended: \(heard)")
    }
}

/// Whole lines out of pieces; used by one reader at a time.
private final class LineSplitter: @unchecked Sendable {
    // SAFETY: a file handle calls its readability handler on one serial queue.
    private var rest = Data()

    func lines(in data: Data) -> [String] {
        rest += data
        var lines: [String] = []
        while let newline = rest.firstIndex(of: 0x0A) {
            lines.append(String(decoding: rest[..<newline], as: UTF8.self))
            rest = Data(rest[(newline + 1)...])
        }
        return lines
    }
}
