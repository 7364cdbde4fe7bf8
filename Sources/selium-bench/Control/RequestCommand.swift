import ArgumentParser
import SeliumClient

/// Round trips of `ps` over one warm connection.
struct RequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Latency of a warm control request (ps).")

    @OptionGroup var server: ServerOptions

    @Option(name: .customLong("in-flight"), help: "Requests at the same time.")
    var inFlight = 1

    @Option(help: "Requests in all.")
    var count = 1_000_000_000

    @Option(help: "Seconds after which it ends; 0: not by time.")
    var seconds: Double = 0

    @Option(help: "Requests a second of each lane; 0: as fast as it goes.")
    var pace = 0

    @Flag(
        name: .customLong("tolerate-failures"),
        help: "Count failed requests and exit with 0 all the same; else with 1.")
    var toleratesFailures = false

    func run() async throws {
        Workload.endsOnSIGTERM()
        let samples = try await SeliumClient.withConnection(self.server.configuration()) { selium in
            for _ in 0..<200 { _ = try await selium.processes() }
            writeLine("{\"ready\":true}")
            let began = monotonicNanoseconds()
            let work = Workload(count: self.count, seconds: self.seconds)
            let result = await withTaskGroup(of: Lane.self) { group in
                for _ in 0..<self.inFlight {
                    group.addTask { await self.lane(selium, work) }
                }
                return await group.reduce(into: Lane()) { $0.add($1) }
            }
            return (result, monotonicNanoseconds() - began)
        }
        var report = Report()
        report.set("count", samples.0.samples.count)
        report.set("in_flight", self.inFlight)
        report.set(samples.0.samples)
        report.set("per_second", Double(samples.0.samples.count) * 1e9 / Double(samples.1))
        report.set("failures", samples.0.failures)
        report.set("failure", samples.0.failure)
        report.write()
        guard self.toleratesFailures || (samples.0.failures == 0 && samples.0.samples.count > 0)
        else {
            throw BenchError(
                "\(samples.0.failures) requests failed, \(samples.0.samples.count) did not: "
                    + samples.0.failure)
        }
    }

    private struct Lane: Sendable {
        var samples = Samples()
        var failures = 0
        var failure = ""

        mutating func add(_ other: Lane) {
            self.samples.add(other.samples)
            self.failures += other.failures
            if self.failure.isEmpty { self.failure = other.failure }
        }
    }

    private func lane(_ selium: SeliumClient, _ work: Workload) async -> Lane {
        var lane = Lane()
        var next = monotonicNanoseconds()
        while work.takeNext() {
            if self.pace > 0 {
                // Missed beats are not made up for: a burst after a stall would hide the stall.
                next = max(next + UInt64(1_000_000_000 / self.pace), monotonicNanoseconds())
                let pause = next - min(next, monotonicNanoseconds())
                try? await Task.sleep(for: .nanoseconds(Int64(pause)))
            }
            let began = monotonicNanoseconds()
            do {
                _ = try await selium.processes()
                lane.samples.add(monotonicNanoseconds() - began)
            } catch {
                lane.failures += 1
                lane.failure = "\(error)"
                if lane.failures > 100 { return lane }
            }
        }
        return lane
    }
}
