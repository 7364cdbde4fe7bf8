import Foundation
import Logging
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import Testing

@testable import SeliumRuntime

/// One process's log in a folder of its own, over any number of runtimes.
final class LogRig {
    let path: String
    let id: ProcessID
    let namespace = Namespace(of: Identity("alice") ?? .anonymous)
    let captured = LogCapture()
    private let configuration: LogStore.Configuration
    private(set) var logs: LogMonitor
    private(set) var store: LogStore

    /// - Parameter prepare: puts things into the folder before it is opened.
    init(
        _ configuration: LogStore.Configuration = LogStore.Configuration(), in path: String? = nil
    ) throws {
        let path = try path ?? RuntimeFixture.directory()
        let id = try #require(ProcessID(7))
        self.path = path
        self.id = id
        self.configuration = configuration
        (logs, store) = try Self.open(path, id, namespace, configuration, captured, 0)
    }

    /// As recovery does: what is not on disk below `given` is lost.
    private static func open(
        _ path: String, _ id: ProcessID, _ namespace: Namespace,
        _ configuration: LogStore.Configuration, _ captured: LogCapture, _ given: UInt64
    ) throws -> (LogMonitor, LogStore) {
        let logger = captured.logger
        let folder = try File.open(path, LogScan.folderFlags)
        var scan = try LogScan(folder, path: path, logger: logger)
        var shelf = LogShelf()
        let stored = scan.last(id)
        shelf.open(
            id, next: max(given, stored) + 1, lost: stored < given ? stored + 1...given : nil)
        scan.adopt(id, in: namespace)
        let logs = LogMonitor(shelf)
        let store = LogStore(
            scan, configuration: configuration, shelf: logs, clock: SystemClock(), logger: logger)
        return (logs, store)
    }

    /// The runtime is gone, and the next one is there.
    ///
    /// - Parameters:
    ///   - given: the highest sequence that may have been given.
    ///   - damage: what happened to the files in between.
    func reopen(given: UInt64 = 0, damage: (String) throws -> Void = { _ in }) async throws {
        await store.close()
        try damage(path)
        (logs, store) = try Self.open(path, id, namespace, configuration, captured, given)
        await settle()
    }

    /// Writes lines to the log: the number of each, filled up to `length`.
    func write(_ numbers: ClosedRange<Int>, length: Int = 20, at time: Int64 = 1) {
        var text = ""
        for number in numbers { text += Self.line(number, length) }
        let pieces = LogPiece.pieces(of: Array(text.utf8), stream: .stdout)
        logs.update { shelf, wakes in
            shelf.append(pieces, to: id, wallTime: time, monotonicTime: 1)
            wakes.wake(id)
        }
        _ = store.appended(id)
    }

    static func line(_ number: Int, _ length: Int) -> String {
        let digits = "\(number)"
        return digits + String(repeating: ".", count: max(0, length - digits.count - 1)) + "\n"
    }

    /// Waits until everything is written.
    func settle() async { await store.settle() }

    /// Memory lets go of all that is written, but for its last chunk.
    func forget() {
        logs.withLock { $0.wasWritten(id, before: $0.next(id), keeping: 0) }
    }

    var reader: LogReader { LogReader(logs: logs, store: store) }

    /// Everything from a position to the end that there is now.
    func read(from position: UInt64 = 0, atMost: Int = 10_000) async throws -> [LogItem] {
        var position = position
        var items: [LogItem] = []
        let next = logs.withLock { $0.next(id) }
        while position < next {
            let batch = try await reader.records(id, from: position, atMost: atMost)
            items += batch.items
            guard batch.next > position else { break }
            position = batch.next
        }
        return items
    }

    /// The same as text, with `[from-through reason]` for gaps.
    func text(from position: UInt64 = 0) async throws -> String {
        try await read(from: position).map { item in
            switch item {
            case .gap(let gap): return "[\(gap.from)-\(gap.through) \(gap.reason)]"
            case .chunk(let chunk):
                guard case .text(_, let bytes) = chunk.content else { return "" }
                return String(decoding: bytes, as: UTF8.self)
            }
        }.joined()
    }

    /// The segments, oldest first.
    var segments: [URL] {
        let folder = URL(filePath: path).appending(path: "7")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appending(path: $0) }
    }
}
