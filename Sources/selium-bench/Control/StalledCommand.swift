import ArgumentParser
import SeliumQUIC

/// What attaches that nobody reads do to a control call on the same connection. Speaks the control
/// protocol by hand, because the client library would spread them over several connections.
struct StalledCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stalled", abstract: "ps beside stalled attaches on one connection.")

    @OptionGroup var quic: QUICOptions

    @Option(help: "Id of a process that floods its log.")
    var process: UInt64

    @Option(help: "Attaches that are never read.")
    var attaches = 64

    @Option(help: "Seconds of each half.")
    var seconds: Double = 2

    @Option(help: "Times that both halves are measured, in turn.")
    var rounds = 5

    func run() async throws {
        var quic = self.quic
        quic.alpn = "selium/1"
        let connection = try await quic.connector().connect()
        for _ in 0..<200 { try await self.list(connection) }
        var (without, having): (Samples, Samples) = (Samples(), Samples())
        var accepted = Int.max
        for _ in 0..<self.rounds {
            without.add(try await self.lists(connection))
            var held: [QUICStream] = []
            for _ in 0..<self.attaches {
                if let stream = try await self.attach(connection) { held.append(stream) }
            }
            accepted = min(accepted, held.count)
            // Until every window is full.
            try await Task.sleep(for: .seconds(1))
            having.add(try await self.lists(connection))
            for stream in held {
                stream.stopSending(code: 1)
                stream.reset(code: 1)
            }
            held = []
            try await Task.sleep(for: .seconds(1))
        }
        var report = Report()
        report.set("stalled", accepted)
        report.set(without, prefix: "without_")
        report.set(having, prefix: "with_")
        report.set("count", having.count)
        report.write()
        connection.close()
    }

    private func lists(_ connection: QUICConnection) async throws -> Samples {
        let work = Workload(count: .max, seconds: self.seconds)
        var samples = Samples()
        while work.takeNext() {
            let began = monotonicNanoseconds()
            try await self.list(connection)
            samples.add(monotonicNanoseconds() - began)
        }
        return samples
    }

    /// `Request { list {} }`, field 12, behind its length.
    private func list(_ connection: QUICConnection) async throws {
        let stream = try await connection.openStream()
        try await stream.write([0x02, 0x62, 0x00])
        stream.finish()
        let answer = try await stream.readToEnd(limit: 1 << 20)
        guard Self.firstField(answer) == 2 else { throw BenchError("ps was refused") }
    }

    /// `Request { attach { process { id } log { tail: 1 } } }`; the stream once it was accepted.
    private func attach(_ connection: QUICConnection) async throws -> QUICStream? {
        let reference = [0x08] + Self.varint(self.process)
        let call = [0x52, UInt8(reference.count)] + reference + [0x5a, 0x02, 0x58, 0x01]
        let request = [0x6a, UInt8(call.count)] + call
        let stream = try await connection.openStream()
        try await stream.write([UInt8(request.count)] + request)
        var answer: [UInt8] = []
        while answer.count < 4, let more = try await stream.read(atMost: 4) { answer += more }
        return Self.firstField(answer) == 14 ? stream : nil
    }

    /// The field number of the first frame of an answer.
    private static func firstField(_ answer: [UInt8]) -> UInt8? {
        guard let start = answer.firstIndex(where: { $0 & 0x80 == 0 }), start + 1 < answer.count
        else { return nil }
        return answer[start + 1] >> 3
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
