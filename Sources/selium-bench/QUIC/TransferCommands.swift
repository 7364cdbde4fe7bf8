import ArgumentParser
import SeliumQUIC

/// Round trips of small streams on one connection.
struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Small echo streams on one QUIC connection.")

    @OptionGroup var quic: QUICOptions

    @Option(help: "Streams in all.")
    var count = 20_000

    @Option(name: .customLong("in-flight"), help: "Streams at the same time.")
    var inFlight = 1

    @Option(help: "Bytes each way.")
    var bytes = 64

    func run() async throws {
        let connection = try await self.quic.connector().connect()
        let body = [BenchProtocol.echo] + [UInt8](repeating: 0x62, count: self.bytes)
        let work = Workload(count: self.count, seconds: 0)
        for _ in 0..<200 { try await self.once(connection, body) }
        let began = monotonicNanoseconds()
        let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
            for _ in 0..<self.inFlight {
                group.addTask(executorPreference: connection.taskExecutor) {
                    var samples = Samples()
                    while work.takeNext() {
                        let began = monotonicNanoseconds()
                        try await self.once(connection, body)
                        samples.add(monotonicNanoseconds() - began)
                    }
                    return samples
                }
            }
            return try await group.reduce(into: Samples()) { $0.add($1) }
        }
        let elapsed = monotonicNanoseconds() - began
        var report = Report()
        report.set("count", samples.count)
        report.set("in_flight", self.inFlight)
        report.set(samples)
        report.set("per_second", Double(samples.count) * 1e9 / Double(elapsed))
        report.write()
        connection.close()
    }

    private func once(_ connection: QUICConnection, _ body: [UInt8]) async throws {
        let stream = try await connection.openStream()
        try await stream.write(body)
        stream.finish()
        let answer = try await stream.readToEnd(limit: body.count)
        guard answer.count == self.bytes else { throw BenchError("an echo of the wrong length") }
    }
}

/// One stream from memory to nowhere.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download", abstract: "Downloads one stream.")

    @OptionGroup var quic: QUICOptions

    @Option(help: "Bytes.")
    var size: UInt64 = 1_000_000_000

    func run() async throws {
        let connector = try self.quic.connector()
        let connection = try await connector.connect()
        let work = Task(executorPreference: connection.taskExecutor) {
            let began = monotonicNanoseconds()
            let stream = try await connection.openStream()
            try await stream.write([BenchProtocol.download] + BenchProtocol.bytes(self.size))
            stream.finish()
            var got: UInt64 = 0
            while let bytes = try await stream.read(atMost: 1 << 20) { got += UInt64(bytes.count) }
            guard got == self.size else { throw BenchError("\(got) of \(self.size) bytes came") }
            return monotonicNanoseconds() - began
        }
        let elapsed = try await work.value
        connection.close()
        _ = await connection.ended()
        Transfer.report(self.size, elapsed)
    }
}

/// One stream from memory to nowhere, the other way.
struct UploadStreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload-stream", abstract: "Uploads one stream.")

    @OptionGroup var quic: QUICOptions

    @Option(help: "Bytes.")
    var size: UInt64 = 1_000_000_000

    func run() async throws {
        let connection = try await self.quic.connector().connect()
        let work = Task(executorPreference: connection.taskExecutor) {
            let began = monotonicNanoseconds()
            let stream = try await connection.openStream()
            try await stream.write([BenchProtocol.upload])
            let piece = [UInt8](repeating: 0x63, count: BenchProtocol.piece)
            var left = self.size
            while left >= UInt64(piece.count) {
                try await stream.write(piece)
                left -= UInt64(piece.count)
            }
            if left > 0 { try await stream.write(Array(piece.prefix(Int(left)))) }
            stream.finish()
            let counted = BenchProtocol.number(try await stream.readToEnd(limit: 8))
            guard counted == self.size else {
                throw BenchError("\(counted) of \(self.size) arrived")
            }
            return monotonicNanoseconds() - began
        }
        let elapsed = try await work.value
        connection.close()
        _ = await connection.ended()
        Transfer.report(self.size, elapsed)
    }
}

enum Transfer {
    static func report(_ size: UInt64, _ elapsed: UInt64) {
        var report = Report()
        report.set("bytes", size)
        report.set("seconds", Double(elapsed) / 1e9)
        report.set("mb_per_second", Double(size) * 1e3 / Double(elapsed))
        report.write()
    }
}
