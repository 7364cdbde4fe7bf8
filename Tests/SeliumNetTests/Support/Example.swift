import Foundation

/// A program of Sources/Examples/Hosts that runs, and where it listens.
final class Example {
    let process = Process()
    private let output = Pipe()
    /// What it printed in its first line.
    private(set) var announcement = ""

    /// Starts it; with `descriptors` it may have no more than so many open.
    init(_ name: String, _ arguments: [String], descriptors: Int = 1_024) throws {
        let directory = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe")
        ).deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A pipe makes the C library keep what is printed; stdbuf tells it to keep a line at most.
        process.arguments =
            ["-c", "ulimit -n \(descriptors); exec stdbuf -oL \"$0\" \"$@\""]
            + [directory.appending(path: name).path] + arguments
        process.standardOutput = output
        try process.run()
        announcement = nextLine()
    }

    /// The next line it prints; blocks until it does.
    func nextLine() -> String {
        var line = Data()
        while let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
            byte != Data([0x0A])
        {
            line += byte
        }
        return String(decoding: line, as: UTF8.self)
    }

    deinit {
        // Not SIGTERM: other tests of this process let it be ignored, and its children inherit that.
        kill(process.processIdentifier, SIGKILL)
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
