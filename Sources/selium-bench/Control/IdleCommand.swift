import ArgumentParser
import Foundation
import SeliumClient

/// Starts many idle programs over the protocol and sees what each costs the runtime.
struct IdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "Memory of the runtime per idle process.")

    @OptionGroup var server: ServerOptions

    @Option(help: "File of the module; it sleeps for ever.")
    var module: String

    @Option(help: "Processes.")
    var count = 10_000

    @Option(help: "Process id of the runtime.")
    var pid: Int

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.module)))
        try await SeliumClient.withConnection(self.server.configuration()) { selium in
            // The module is compiled and everything that is made once is made before the first look.
            for _ in 0..<8 { try await Self.startOne(selium, bytes) }
            try await Task.sleep(for: .seconds(1))
            let living = try await selium.processes().count
            let before = try Memory(pid: self.pid)
            let began = monotonicNanoseconds()
            let work = Workload(count: self.count, seconds: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        while work.takeNext() {
                            try await Self.startOne(selium, bytes)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let elapsed = monotonicNanoseconds() - began
            try await Task.sleep(for: .seconds(2))
            let after = try Memory(pid: self.pid)
            let alive = try await selium.processes().filter { $0.state == .running }.count - living
            var report = Report()
            report.set("count", self.count)
            report.set("alive_at_end", alive)
            report.set("starts_per_second", Double(self.count) * 1e9 / Double(elapsed))
            report.set("rss_before_kib", before.resident)
            report.set("rss_after_kib", after.resident)
            report.set(
                "rss_kib_each", Double(after.resident - before.resident) / Double(self.count))
            report.set("pss_kib_each", Double(after.share - before.share) / Double(self.count))
            report.write()
        }
    }

    private static func startOne(_ selium: SeliumClient, _ module: [UInt8]) async throws {
        _ = try await selium.start(
            .bytes(module, name: "idle.wasm"), capabilities: [.timeRead])
    }

    /// KiB, from smaps_rollup.
    private struct Memory {
        var resident = 0
        var share = 0

        init(pid: Int) throws {
            let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count >= 2, let value = Int(words[1]) else { continue }
                if words[0] == "Rss:" { self.resident = value }
                if words[0] == "Pss:" { self.share = value }
            }
            guard self.resident > 0 else { throw BenchError("smaps_rollup tells nothing") }
        }
    }
}
