package import Logging
internal import Synchronization

/// Keeps what a logger was told, so that a test can ask for it.
package final class LogCapture: Sendable {
    /// One line.
    package struct Line: Sendable {
        package let level: Logger.Level
        package let message: String
        package let metadata: [String: String]
    }

    private let kept = Mutex<[Line]>([])

    /// Nothing was said yet.
    package init() {}

    /// Everything that was said so far.
    package var lines: [Line] { kept.withLock { $0 } }

    /// The lines with this message.
    package func lines(_ message: String) -> [Line] { lines.filter { $0.message == message } }

    /// A logger that writes here, debug included.
    package var logger: Logger {
        Logger(label: "capture") { _ in Handler(capture: self) }
    }

    private func add(_ line: Line) { kept.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            capture.add(
                Line(
                    level: event.level, message: "\(event.message)",
                    metadata: all.mapValues { "\($0)" }))
        }
    }
}
