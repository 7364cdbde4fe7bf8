import ArgumentParser
import SeliumNetCore
import SeliumQUIC

/// The serving end of the QUIC measurements. Ends with SIGTERM, or after `--seconds`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-quic", abstract: "Answers echo, download and upload.",
        shouldDisplay: false)

    @Option(help: "UDP port; 0 takes a free one.")
    var port: UInt16 = 0

    @Option(name: .customLong("cert-dir"), help: "Folder with ca.crt, server.crt and server.key.")
    var certificateDirectory: String

    @Option(help: "Protocols to speak; h3 lets gtlsclient complete its handshake.")
    var alpn = [BenchProtocol.alpn]

    @Flag(help: "Ask for no client certificate.")
    var anonymous = false

    @Option(help: "Seconds after which it ends.")
    var seconds: Double = 600

    func run() async throws {
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: self.port)],
            tls: TLSFiles.server(
                self.certificateDirectory, protocols: self.alpn,
                requiresClientCertificate: !self.anonymous),
            authority: .unrestricted, logger: silent)
        for address in listener.localAddresses { writeLine("Listening on \(address)") }
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await Task.sleep(for: .seconds(self.seconds))
                await listener.close()
            }
            for await connection in listener.connections {
                group.addTask(executorPreference: listener.taskExecutor) {
                    await Self.serve(connection)
                }
            }
            group.cancelAll()
        }
    }

    private static func serve(_ connection: QUICConnection) async {
        await withDiscardingTaskGroup { group in
            for await stream in connection.inboundStreams {
                group.addTask(executorPreference: connection.taskExecutor) {
                    // A peer that goes away ends its stream, and nothing else.
                    try? await Self.answer(stream)
                }
            }
        }
    }

    private static func answer(_ stream: QUICStream) async throws {
        guard var bytes = try await stream.read(atMost: BenchProtocol.piece), !bytes.isEmpty else {
            return stream.finish()
        }
        let kind = bytes.removeFirst()
        switch kind {
        case BenchProtocol.echo:
            if !bytes.isEmpty { try await stream.write(bytes) }
            while let more = try await stream.read(atMost: BenchProtocol.piece) {
                try await stream.write(more)
            }
        case BenchProtocol.download:
            while bytes.count < 8, let more = try await stream.read(atMost: 8) { bytes += more }
            var left = min(BenchProtocol.number(bytes), BenchProtocol.largestDownload)
            let piece = [UInt8](repeating: 0x61, count: BenchProtocol.piece)
            while left >= UInt64(piece.count) {
                try await stream.write(piece)
                left -= UInt64(piece.count)
            }
            if left > 0 { try await stream.write(Array(piece.prefix(Int(left)))) }
        case BenchProtocol.upload:
            var count = UInt64(bytes.count)
            while let more = try await stream.read(atMost: BenchProtocol.piece) {
                count += UInt64(more.count)
            }
            try await stream.write(BenchProtocol.bytes(count))
        default:
            return stream.reset(code: 2)
        }
        stream.finish()
    }
}
