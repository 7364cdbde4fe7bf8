import ArgumentParser
import SeliumClient

/// Where a living process's log ends just now: two of these tell how fast it writes.
struct LastSequenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "last-sequence", abstract: "The newest record of a process's log.")

    @OptionGroup var server: ServerOptions

    @Option(help: "Id of the process.")
    var process: UInt64

    func run() async throws {
        try await SeliumClient.withConnection(self.server.configuration()) { selium in
            let process = try await selium.process(.id(self.process))
            let sequence = try await process.withAttachment(from: .tail(1)) { attachment in
                for try await item in attachment {
                    if case .chunk(let chunk) = item {
                        return chunk.first + UInt64(chunk.count) - 1
                    }
                }
                throw BenchError("the process has no output")
            }
            var report = Report()
            report.set("sequence", sequence)
            report.set("at_ns", monotonicNanoseconds())
            report.write()
        }
    }
}
