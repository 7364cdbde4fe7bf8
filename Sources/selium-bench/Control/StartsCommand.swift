import ArgumentParser
import Foundation
import SeliumClient

/// Starts a program again and again, attached, through one client; checks what each printed and how it
/// ended, and tells how long the first output took.
struct StartsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starts", abstract: "Attached starts through one client.")

    @OptionGroup var server: ServerOptions

    @Option(help: "File of the module.")
    var module: String

    @Option(help: "Starts in all.")
    var count = 1000

    @Option(name: .customLong("in-flight"), help: "Starts at the same time.")
    var inFlight = 1

    @Option(name: .customLong("expect-exit"), help: "Exit code that is right; -1: returned.")
    var expectedExit = -1

    @Option(name: .customLong("expect-output"), help: "Output that is right, as hexadecimal.")
    var expectedOutput = ""

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.module)))
        let wanted = try self.bytes(ofHex: self.expectedOutput)
        let (total, elapsed) = try await SeliumClient.withConnection(self.server.configuration()) {
            selium in
            _ = try await self.startOnce(selium, bytes)
            let began = monotonicNanoseconds()
            let work = Workload(count: self.count, seconds: 0)
            let total = try await withThrowingTaskGroup(of: Tally.self) { group in
                for _ in 0..<self.inFlight {
                    group.addTask { try await self.lane(selium, bytes, wanted, work) }
                }
                return try await group.reduce(into: Tally()) { $0.add($1) }
            }
            return (total, monotonicNanoseconds() - began)
        }
        var report = Report()
        report.set("count", total.whole.count)
        report.set("in_flight", self.inFlight)
        report.set("right_exits", total.rightExits)
        report.set("right_outputs", total.rightOutputs)
        report.set(total.whole)
        report.set(total.first, prefix: "first_output_")
        report.set("per_second", Double(total.whole.count) * 1e9 / Double(elapsed))
        report.set("wrong", total.wrong)
        report.write()
    }

    private struct Tally: Sendable {
        var whole = Samples()
        var first = Samples()
        var rightExits = 0
        var rightOutputs = 0
        var wrong = ""

        mutating func add(_ other: Tally) {
            self.whole.add(other.whole)
            self.first.add(other.first)
            self.rightExits += other.rightExits
            self.rightOutputs += other.rightOutputs
            if self.wrong.isEmpty { self.wrong = other.wrong }
        }
    }

    private struct Run: Sendable {
        var output: [UInt8] = []
        var outcome: ExitOutcome?
        var firstOutput: UInt64?
        var whole: UInt64 = 0
    }

    private func lane(
        _ selium: SeliumClient, _ module: [UInt8], _ wanted: [UInt8], _ work: Workload
    ) async throws -> Tally {
        var tally = Tally()
        while work.takeNext() {
            let run = try await self.startOnce(selium, module)
            tally.whole.add(run.whole)
            if let first = run.firstOutput { tally.first.add(first) }
            let rightExit =
                if case .exited(let code)? = run.outcome {
                    Int(code) == self.expectedExit
                } else if case .returned? = run.outcome {
                    self.expectedExit == -1
                } else {
                    false
                }
            if rightExit { tally.rightExits += 1 }
            if run.output == wanted { tally.rightOutputs += 1 }
            if !rightExit || run.output != wanted {
                tally.wrong =
                    "\(String(describing: run.outcome)): \(String(decoding: run.output.prefix(200), as: UTF8.self))"
            }
        }
        return tally
    }

    /// One process from its start to its end, in one request: start with attach.
    private func startOnce(_ selium: SeliumClient, _ module: [UInt8]) async throws -> Run {
        let began = monotonicNanoseconds()
        return try await selium.withStarted(.bytes(module, name: "bench.wasm"), StartOptions()) {
            attachment in
            var run = Run()
            for try await item in attachment {
                guard case .chunk(let chunk) = item, chunk.stream == .stdout else { continue }
                if run.firstOutput == nil { run.firstOutput = monotonicNanoseconds() - began }
                run.output += chunk.bytes
            }
            run.outcome = await attachment.exit?.outcome
            run.whole = monotonicNanoseconds() - began
            return run
        }
    }

    private func bytes(ofHex text: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else {
                throw ValidationError("--expect-output is not hexadecimal")
            }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
