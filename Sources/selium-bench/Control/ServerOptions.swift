import ArgumentParser
import SeliumClient

/// Which runtime to measure.
struct ServerOptions: ParsableArguments {
    @Option(help: "Host of the runtime.")
    var host = "127.0.0.1"

    @Option(help: "UDP port of the runtime.")
    var port: UInt16

    @Option(name: .customLong("cert-dir"), help: "Folder with ca.crt, client.crt and client.key.")
    var certificateDirectory: String

    func configuration() -> SeliumClient.Configuration {
        SeliumClient.Configuration(
            host: self.host, port: self.port, certificates: .directory(self.certificateDirectory),
            timeout: .seconds(60))
    }
}

/// A figure that cannot be given, and why.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
