import Foundation
import SeliumTesting
import Testing

/// A runtime that was killed, and the one that is started in its place.
@Suite("A runtime that is started again", .serialized, .inTurn(minutes: 3))
struct SuccessorTests {
    private static let clock = ContinuousClock()

    @Test("an attach learns that its runtime was killed long before 30 s of silence are over")
    func attached() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest).code == 0)
            let watcher = try RunningCommand(
                RealServer.selium, ["attach", "1", "-o", "jsonl"],
                environment: server.environment)
            // The first record: it is attached.
            #expect(try await !watcher.firstOutput().isEmpty)
            let key = try Data(contentsOf: Self.key(of: server))
            // Silence: a packet under way would ask at once, and hear that nobody listens.
            try await Task.sleep(for: .seconds(2))
            server.kill()
            let killed = Self.clock.now
            try await server.withSuccessor { successor in
                // Its next keep-alive is answered with a stateless reset; it asks the successor.
                #expect(await watcher.end() == 125)
                let time = Self.clock.now - killed
                #expect(time < .seconds(25), "\(time)")
                print("an attach learnt of the restart after \(time)")
                let after = try Data(contentsOf: Self.key(of: successor))
                #expect(after == key)
            }
        }
    }

    @Test("the key of its resets is made once, and one that others may read, or a part, is refused")
    func keyFile() async throws {
        try await RealServer.withServer { server in
            let file = Self.key(of: server)
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let key = try Data(contentsOf: file)
            #expect(key.count == 32)
            server.kill()
            try Data(key.prefix(31)).write(to: file)
            try await Self.expectRefusal(server)
            try key.write(to: file)
            try Self.setMode(0o640, of: file)
            try await Self.expectRefusal(server)
            try Self.setMode(0o600, of: file)
            let elsewhere = server.directory.appending(path: "elsewhere")
            try FileManager.default.moveItem(at: file, to: elsewhere)
            try FileManager.default.createSymbolicLink(at: file, withDestinationURL: elsewhere)
            try await Self.expectRefusal(server)
            // One that is not there is made anew.
            try FileManager.default.removeItem(at: file)
            try await server.withSuccessor { successor in
                let other = try Data(contentsOf: Self.key(of: successor))
                #expect(other.count == 32)
                #expect(other != key)
            }
        }
    }

    private static func key(of server: RealServer) -> URL {
        server.directory.appending(path: "state/reset.key")
    }

    private static func setMode(_ mode: Int, of file: URL) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    private static func expectRefusal(_ server: RealServer) async throws {
        let refused = try await Command.run(
            Checkout.binaries.appending(path: "selium-runtime").path,
            ["--work-dir", server.directory.path, "--listen", "localhost:0"])
        #expect(refused.code == 78)
        #expect(refused.errors.contains("state/reset.key"), "\(refused.errors)")
        #expect(!refused.errors.contains("Listening on"))
    }
}
