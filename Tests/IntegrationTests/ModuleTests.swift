import Foundation
import SeliumTesting
import Testing

@Suite("Modules, through the programs", .inTurn(minutes: 5))
struct ModuleTests {
    @Test("push, ls, inspect, start by name, rm and gc: what they print")
    func commands() async throws {
        let hello = try await Checkout.guest("hello-c")
        let loop = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let pushed = try await server.selium("module", "push", hello)
            #expect(pushed.code == 0, "\(pushed.errors)")
            #expect(pushed.text.hasPrefix("Pushed hello-c sha256:"))
            let json = try await server.selium(
                "module", "push", loop, "--name", "hello-c", "-o", "jsonl")
            #expect(json.text.contains(#""name":"hello-c""#), "\(json.text)\(json.errors)")
            #expect(json.text.contains(#""replaced":"sha256:"#))
            #expect(try await server.selium("module", "push", loop).code == 0)
            #expect(try await server.selium("module", "push", hello).code == 0)
            let names = try await server.selium("module", "ls", "-o", "name")
            #expect(names.text == "hello-c\nloop\n", "\(names.errors)")
            // A word that is no file here is a name there.
            let ran = try await server.selium("start", "hello-c", "--attach", "--", "Ada")
            #expect(ran.code == 7, "\(ran.errors)")
            #expect(ran.text.hasPrefix("Hello, Ada"))
            let inspected = try await server.selium("module", "inspect", "hello-c")
            #expect(inspected.text.contains("wasi_snapshot_preview1.fd_write"))
            #expect(inspected.text.contains("_start (function)"))
            #expect(try await server.selium("start", "loop", "--name", "web").code == 0)
            let used = try await server.selium("module", "rm", "loop")
            #expect(used.code == 4)
            #expect(used.errors.contains("process 2 uses the module sha256:"), "\(used.errors)")
            let listed = try await server.selium("module", "ls", "-o", "jsonl")
            #expect(listed.text.contains(#""names":["loop"]"#))
            #expect(listed.text.contains(#""users":1"#))
            #expect(try await server.selium("stop", "web").code == 0)
            let removed = try await server.selium("module", "rm", "loop", "missing", "hello-c")
            #expect(removed.code == 3)
            #expect(removed.text == "Removed module loop\nRemoved module hello-c\n")
            #expect(removed.errors == "error: no module named 'missing'\n")
            #expect(try await server.selium("start", "loop").code == 66)
            // What a start leaves behind has no name.
            #expect(try await server.selium("start", hello, "--attach").code == 7)
            let planned = try await server.selium("module", "gc", "--dry-run")
            #expect(planned.text.hasPrefix("Would remove 1 module ("), "\(planned.errors)")
            #expect(try await server.selium("module", "gc").text.hasPrefix("Removed 1 module ("))
            #expect(try await server.selium("module", "gc").text == "Removed 0 modules (0B)\n")
            #expect(try await server.selium("start", hello, "--attach").code == 7)
        }
    }

    @Test(
        "names outlive a kill -9, and belong to their namespace; files of the server to everybody")
    func namespaces() async throws {
        let hello = try await Checkout.guest("hello-c")
        let loop = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let folder = server.directory.appending(path: "modules")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: loop, toPath: folder.appending(path: "shared.wasm").path)
            let issued = try await server.selium(
                "cert", "issue", "alice", "--dir", server.directory.appending(path: "certs").path,
                "--out", server.directory.appending(path: "alice").path)
            #expect(issued.code == 0, "\(issued.errors)")
            func asAlice(_ server: RealServer, _ arguments: String...) async throws -> Command {
                try await Command.run(
                    RealServer.selium, arguments,
                    environment: server.environment.merging([
                        "SELIUM_CERT_DIR": server.directory.appending(path: "alice").path
                    ]) { $1 })
            }
            let mine = try await asAlice(server, "module", "push", hello, "--name", "mine")
            #expect(mine.code == 0, "\(mine.errors)")
            server.kill()
            try await server.withSuccessor { server in
                let own = try await asAlice(server, "module", "ls", "-o", "name")
                #expect(own.text == "mine\nshared.wasm\n", "\(own.errors)")
                let all = try await server.selium("module", "ls", "-o", "jsonl")
                #expect(all.text.contains(#""namespace":"alice""#))
                #expect(all.text.contains(#""digest":null"#))
                // Not hers to start for the operator, nor the operator's to remove by name.
                #expect(try await server.selium("start", "mine").code == 66)
                #expect(try await server.selium("module", "rm", "mine").code == 3)
                #expect(try await asAlice(server, "start", "mine", "--attach").code == 7)
                #expect(try await asAlice(server, "module", "rm", "shared").code == 3)
                #expect(try await server.selium("module", "inspect", "shared").code == 0)
            }
        }
    }

    @Test("what is no module, no file or no name is refused before anything is sent")
    func refused() async throws {
        let hello = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let missing = try await server.selium("module", "push", "nowhere.wasm")
            #expect(missing.code == 66, "\(missing.errors)")
            #expect(try await server.selium("module", "push", "/tmp").code == 66)
            #expect(try await server.selium("module", "push", hello, "--name", "7").code == 64)
            #expect(try await server.selium("module", "push", hello, "--name", "a/b").code == 64)
            #expect(try await server.selium("module", "inspect", "missing").code == 3)
            #expect(try await server.selium("module", "ls").text.split(separator: "\n").count == 1)
        }
    }
}
