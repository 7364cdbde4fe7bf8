import ArgumentParser
import SeliumQUIC
import SeliumTestSupport

/// Connections over loopback, one after the other, each closed before the next.
struct HandshakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handshake", abstract: "Handshakes over loopback, client certificate shown.")

    @OptionGroup var quic: QUICOptions

    @Option(help: "Handshakes.")
    var count = 300

    @Flag(help: "Until the server has judged the client's certificate, not until it may send.")
    var confirmed = false

    func run() async throws {
        let connector = try self.quic.connector()
        var samples = Samples()
        for index in 0..<(self.count + 20) {
            let began = monotonicNanoseconds()
            let connection = try await connector.connect()
            if self.confirmed { try await connection.waitUntilConfirmed() }
            if index >= 20 { samples.add(monotonicNanoseconds() - began) }
            guard connection.keyExchangeGroup == .x25519MLKEM768 else {
                let group = connection.keyExchangeGroup.map { "\($0)" } ?? "none"
                throw ValidationError("the key exchange was \(group), not X25519MLKEM768")
            }
            connection.close()
            _ = await connection.ended()
        }
        var report = Report()
        report.set("count", samples.count)
        report.set(samples)
        report.write()
    }
}

/// The same handshake without sockets: both sides in this thread, joined by memory, real TLS.
struct PairHandshakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair-handshake", abstract: "Handshakes in memory (QUICPair).")

    @Option(help: "Handshakes.")
    var count = 300

    @Flag(help: "Until the server has judged the client's certificate, not until it may send.")
    var confirmed = false

    func run() async throws {
        let certificates = TestCertificates.shared
        let (server, client) = (try certificates.serverContext(), try certificates.clientContext())
        var samples = Samples()
        for index in 0..<(self.count + 20) {
            let pair = try QUICPair(seed: UInt64(index), serverTLS: server, clientTLS: client)
            let began = monotonicNanoseconds()
            let client = try self.connect(pair)
            if index >= 20 { samples.add(monotonicNanoseconds() - began) }
            guard client.keyExchangeGroup == .x25519MLKEM768 else {
                throw ValidationError("the key exchange was not X25519MLKEM768")
            }
        }
        var report = Report()
        report.set("count", samples.count)
        report.set(samples)
        report.write()
    }

    private func connect(_ pair: QUICPair) throws -> CoreConnection {
        if self.confirmed { return try pair.connect().client }
        let client = try pair.addClient().connections[0]
        guard pair.run(until: { client.isHandshakeComplete }, limit: .seconds(20)) else {
            throw ValidationError("no handshake: \(String(describing: client.end))")
        }
        return client
    }
}
