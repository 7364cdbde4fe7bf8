import Foundation

/// A command that runs, with a pipe from its stdout and one from its stderr.
final class RunningCommand: @unchecked Sendable {
    // SAFETY: Process guards itself; the file handles are used by one task at a time.
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = Command.environment(environment)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// The first bytes of its stdout.
    func firstOutput() async throws -> Data {
        let handle = output.fileHandleForReading
        return await onThread { handle.availableData }
    }

    /// What it says on stdout until the first of these words, or the end.
    func output(until words: String) async throws -> String {
        let handle = output.fileHandleForReading
        return await onThread {
            var text = ""
            while !text.contains(words), case let data = handle.availableData, !data.isEmpty {
                text += String(decoding: data, as: UTF8.self)
            }
            return text
        }
    }

    /// What it says on stderr until the first of these words, or the end.
    func errors(until words: String) async throws -> String {
        let handle = errors.fileHandleForReading
        return await onThread {
            var text = ""
            while !text.contains(words), case let data = handle.availableData, !data.isEmpty {
                text += String(decoding: data, as: UTF8.self)
            }
            return text
        }
    }

    /// Sends a signal.
    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Sends a signal, if any, and waits for the end: the exit code, or the number of the signal that ended it.
    func end(_ signal: Int32? = nil) async -> Int32 {
        if let signal { kill(process.processIdentifier, signal) }
        return await onThread { [self] in
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
