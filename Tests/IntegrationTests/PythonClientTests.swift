import Foundation
import SeliumTesting
import Testing

@Suite(
    "A client in another language, from control.proto alone", .serialized, .inTurn(minutes: 5))
struct PythonClientTests {
    private static let client = Checkout.root.appending(
        path: "Sources/Examples/Hosts/python-client/client.py")

    /// Runs the Python client against a server.
    private func python(_ server: RealServer, _ arguments: String...) async throws -> Command {
        let modules = server.directory.appending(path: "python")
        try? FileManager.default.createDirectory(at: modules, withIntermediateDirectories: true)
        let proto = Checkout.root.appending(path: "Sources/SeliumProtocol/Proto").path
        let generated = try await Command.run(
            "/usr/bin/protoc", ["-I", proto, "--python_out", modules.path, "control.proto"])
        try #require(generated.code == 0, "\(generated.errors)")
        return try await Command.run(
            Checkout.python,
            [
                Self.client.path, "127.0.0.1:\(server.port)",
                server.directory.appending(path: "certs").path,
            ]
                + arguments,
            environment: ["PYTHONPATH": modules.path])
    }

    @Test(
        "it starts a guest, gets its output byte for byte and its exit code, and can attach again")
    func startAndAttach() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let expected =
                "Hello, Ada, from C\nstdout is a stream of lines\nand the exit code is mine\n"
            let started = try await python(server, "start", guest, "Ada")
            #expect(started.text == expected, "\(started.errors)")
            #expect(started.code == 7)
            let attached = try await python(server, "attach", "1")
            #expect(attached.text == expected, "\(attached.errors)")
            #expect(attached.code == 7)
        }
    }

    @Test("it stops a guest that never ends, and a process that does not exist is NOT_FOUND")
    func stop() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let started = try await server.selium("start", guest)
            #expect(started.text == "Started process (id=1)\n", "\(started.errors)")
            let stopped = try await python(server, "stop", "1")
            #expect(stopped.code == 0, "\(stopped.errors)")
            #expect(stopped.errors.contains("killed"))
            #expect(try await server.selium("ps", "-q").text.isEmpty)
            let missing = try await python(server, "stop", "99")
            #expect(missing.code == 1)
            #expect(missing.errors.contains("NOT_FOUND"))
        }
    }
}
