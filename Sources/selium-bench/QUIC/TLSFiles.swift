import Foundation
import SeliumTLSCore

/// TLS of both sides from a folder as `selium cert init` makes it.
enum TLSFiles {
    static func client(_ directory: String, protocols: [String]) throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: self.bytes(directory, "ca.crt"),
                identity: TLSIdentity(
                    certificateChain: self.bytes(directory, "client.crt"),
                    privateKey: self.bytes(directory, "client.key")),
                applicationProtocols: protocols))
    }

    static func server(
        _ directory: String, protocols: [String], requiresClientCertificate: Bool
    ) throws -> TLSContext {
        try TLSContext(
            server: TLSServerConfiguration(
                identity: TLSIdentity(
                    certificateChain: self.bytes(directory, "server.crt"),
                    privateKey: self.bytes(directory, "server.key")),
                clientAuthentication: requiresClientCertificate
                    ? .required(trustRoots: self.bytes(directory, "ca.crt")) : .none,
                applicationProtocols: protocols))
    }

    private static func bytes(_ directory: String, _ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")))
    }
}
