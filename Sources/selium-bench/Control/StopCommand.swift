import ArgumentParser
import Foundation
import SeliumClient

/// Starts a spinning program, waits for its first line, stops it; the figure is the stop alone, from
/// the request to its answer, which comes when the process is gone.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Latency of stopping a guest that spins.")

    @OptionGroup var server: ServerOptions

    @Option(help: "File of the module; it prints once and then spins.")
    var module: String

    @Option(help: "Stops in all.")
    var count = 200

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.module)))
        var samples = Samples()
        var killed = 0
        try await SeliumClient.withConnection(self.server.configuration()) { selium in
            for _ in 0..<self.count {
                let process = try await selium.start(.bytes(bytes, name: "spin.wasm"))
                try await process.withAttachment { attachment in
                    for try await item in attachment {
                        if case .chunk = item { break }
                    }
                }
                // Into the loop, and past the first slices.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...9)))
                let began = monotonicNanoseconds()
                let outcome = try await process.stop()
                samples.add(monotonicNanoseconds() - began)
                if case .killed = outcome.exit.outcome { killed += 1 }
            }
        }
        guard killed == samples.count else {
            throw BenchError("\(samples.count - killed) of the guests ended by themselves")
        }
        var report = Report()
        report.set("count", samples.count)
        report.set(samples)
        report.write()
    }
}
