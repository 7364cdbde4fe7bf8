import ArgumentParser
import Logging
import SeliumNetCore
import SeliumQUIC

/// Which QUIC server to measure.
struct QUICOptions: ParsableArguments {
    @Option(help: "Address of the server.")
    var host = "127.0.0.1"

    @Option(help: "UDP port of the server.")
    var port: UInt16

    @Option(name: .customLong("cert-dir"), help: "Folder with ca.crt, client.crt and client.key.")
    var certificateDirectory: String

    @Option(help: "The protocol to ask for; selium/1 reaches a runtime.")
    var alpn = BenchProtocol.alpn

    /// Connects as often as it is called.
    func connector() throws -> Connector {
        guard let address = IPAddress(self.host) else {
            throw ValidationError("--host is not an address")
        }
        return Connector(
            address: SocketAddress(address, port: self.port),
            tls: try TLSFiles.client(self.certificateDirectory, protocols: [self.alpn]))
    }
}

struct Connector: Sendable {
    let address: SocketAddress
    let tls: TLSContext

    func connect() async throws -> QUICConnection {
        try await QUICConnection.connect(
            to: self.address, serverName: "localhost", tls: self.tls, authority: .unrestricted,
            logger: silent)
    }
}

/// Measurements do not log.
let silent = Logger(label: "selium-bench", factory: { _ in SwiftLogNoOpLogHandler() })
