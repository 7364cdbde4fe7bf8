import Foundation

/// One run of a program: what it wrote and how it ended.
struct Command: Sendable {
    /// Its standard output, byte for byte.
    var output: Data
    /// Its standard error.
    var errors: String
    /// Its exit code; 128 + the signal's number when a signal ended it.
    var code: Int32

    /// Its standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }

    /// Runs a program to its end, at most `limit` seconds; then it is killed, and the code says so.
    ///
    /// No variable of ours but PATH and HOME is passed on: a developer's SELIUM_* settings would decide
    /// what is tested.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        directory: URL? = nil, input: String? = nil, limit: Double = 60
    ) async throws -> Command {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = Self.environment(environment)
        let output = files.url.appending(path: "output")
        let errors = files.url.appending(path: "errors")
        process.standardOutput = try files.writer("output")
        process.standardError = try files.writer("errors")
        process.standardInput =
            try input.map { try files.reader("input", holding: $0) } ?? FileHandle.nullDevice
        let code: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { ended in
                let status = ended.terminationStatus
                continuation.resume(
                    returning: ended.terminationReason == .exit ? status : 128 + status)
            }
            do {
                try process.run()
                let id = process.processIdentifier
                DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [weak process] in
                    if process?.isRunning == true { kill(id, SIGKILL) }
                }
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        return Command(
            output: try Data(contentsOf: output),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self), code: code)
    }

    static func environment(_ more: [String: String]) -> [String: String] {
        let ours = ProcessInfo.processInfo.environment
        var variables = ["PATH": ours["PATH"] ?? "/usr/bin:/bin", "HOME": "/nonexistent"]
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        return variables.merging(more) { _, new in new }
    }
}

/// A directory that is removed at the end.
struct TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "selium-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    func writer(_ name: String) throws -> FileHandle {
        let file = url.appending(path: name)
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }

    func reader(_ name: String, holding text: String) throws -> FileHandle {
        let file = url.appending(path: name)
        try Data(text.utf8).write(to: file)
        return try FileHandle(forReadingFrom: file)
    }
}
