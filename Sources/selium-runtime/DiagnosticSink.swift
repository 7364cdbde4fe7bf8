import Glibc
import Logging
import Synchronization

/// Where diagnostics go: stderr, one line each, as text or as JSON.
struct DiagnosticSink: LogHandler, Sendable {
    /// How a line is written.
    enum Format: Sendable {
        case text, json
    }

    let format: Format
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(format: Format) { self.format = format }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// A logger of the libraries that writes here.
    func logger(_ label: String) -> Logger { Logger(label: label) { _ in self } }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        write(event.level, "\(event.message)", all.map { ($0.key, "\($0.value)") })
    }

    /// A line of the runtime's own that is neither warning nor error.
    func notice(_ message: String, _ fields: [(String, String)] = []) {
        write(.notice, message, fields)
    }

    /// A line that somebody should read.
    func warning(_ message: String) { write(.warning, message, []) }

    /// The last line of a runtime that does not start.
    func fail(_ failure: Failure) {
        switch format {
        case .text:
            let remedy = failure.remedy.isEmpty ? "" : "\n" + Self.escaped(failure.remedy)
            put("error: \(Self.escaped(failure.message))\(remedy)\n")
        case .json:
            put(
                "{\"schema\":\"selium.error/1\",\"code\":\(failure.code),\"message\":\(Self.quoted(failure.message))"
                    + (failure.remedy.isEmpty ? "" : ",\"remedy\":\(Self.quoted(failure.remedy))")
                    + "}\n")
        }
    }

    private func write(_ level: Logger.Level, _ message: String, _ fields: [(String, String)]) {
        switch format {
        case .text:
            let label = level >= .warning ? "\(level): " : ""
            let tail = fields.map { " \($0)=\(Self.escaped($1))" }.joined()
            put("\(label)\(Self.escaped(message))\(tail)\n")
        case .json:
            let tail = fields.map { ",\(Self.quoted($0)):\(Self.quoted($1))" }.joined()
            put("{\"level\":\"\(level)\",\"message\":\(Self.quoted(message))\(tail)}\n")
        }
    }

    /// One write for one line: lines of several threads do not mix. A line that nobody takes is
    /// dropped and counted: a log must not hold the server up.
    private func put(_ line: String) {
        guard Self.canWrite else {
            Self.lost.add(1, ordering: .relaxed)
            return
        }
        let lost = Self.lost.exchange(0, ordering: .relaxed)
        if lost > 0 { Self.write("warning: \(lost) lines were lost, nobody took them\n") }
        Self.write(line)
    }

    private static let lost = Atomic<Int>(0)

    /// Whether somebody takes what is written to stderr: at once, or in a tenth of a second.
    private static var canWrite: Bool {
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // While lines are being lost nobody waits again.
        let patience: Int32 = lost.load(ordering: .relaxed) > 0 ? 0 : 100
        return unsafe poll(&descriptor, 1, patience) != 0
    }

    private static func write(_ line: String) {
        let bytes = Array(line.utf8)
        unsafe bytes.withUnsafeBytes { buffer in
            _ = unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
        }
    }

    /// Control characters written out: names of other parties reach this line.
    private static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                output += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            || (0x2028...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
}
