import Foundation

/// A program of Sources/Examples/Hosts that runs, and where it listens.
final class Example {
    let process = Process()
    /// What it printed in its first line.
    let announcement: String

    /// Starts it; with `descriptors` it may have no more than so many open.
    init(_ name: String, _ arguments: [String], descriptors: Int = 1_024) throws {
        let directory = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe")
        ).deletingLastPathComponent()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A pipe makes the C library keep what is printed; stdbuf tells it to keep a line at most.
        process.arguments =
            ["-c", "ulimit -n \(descriptors); exec stdbuf -oL \"$0\" \"$@\""]
            + [directory.appending(path: name).path] + arguments
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { break }
            line += piece
        }
        announcement = String(decoding: line.dropLast(), as: UTF8.self)
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// Processor time so far in seconds, of all its threads.
    var cpuSeconds: Double {
        get throws {
            let text = try String(
                contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return fields[11...12].compactMap { Double($0) }.reduce(0, +) / 100
        }
    }
}
