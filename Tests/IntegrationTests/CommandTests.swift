import Foundation
import SeliumTesting
import Testing

@Suite("Both commands, end to end", .inTurn(minutes: 5))
struct CommandTests {
    private let lines =
        "Hello, Ada, from C\nstdout is a stream of lines\nand the exit code is mine\n"

    @Test("start --attach passes every byte and the exit code, 40 times, 4 at a time")
    func attachedStarts() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            // The first one sends the module: an upload has one writer at a time.
            #expect(try await server.selium("start", guest, "--attach", "--", "Ada").text == lines)
            try await withThrowingTaskGroup(of: Command.self) { group in
                var begun = 1
                func begin() {
                    begun += 1
                    group.addTask {
                        try await server.selium("start", guest, "--attach", "--", "Ada")
                    }
                }
                for _ in 0..<4 { begin() }
                while let result = try await group.next() {
                    #expect(result.text == lines, "\(result.errors)")
                    #expect(result.code == 7)
                    if begun < 40 { begin() }
                }
            }
            let kept = try await server.selium("ps", "-a", "-q")
            #expect(kept.text == (1...40).map { "\($0)\n" }.joined())
        }
    }

    @Test("a guest that never ends is seen, stopped, waited for, and stays in the list of all")
    func stopping() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--name", "spinner").code == 0)
            #expect(try await server.selium("ps").text.contains("spinner"))
            let taken = try await server.selium("start", guest, "--name", "spinner")
            #expect(taken.code == 4, "\(taken.errors)")
            #expect(try await server.selium("stop", "spinner").text == "Stopped process 1\n")
            #expect(try await server.selium("stop", "1").text == "Process 1 had already exited\n")
            #expect(try await server.selium("wait", "spinner").code == 137)
            #expect(try await server.selium("ps", "-q").text.isEmpty)
            #expect(try await server.selium("ps", "-a", "-q").text == "1\n")
        }
    }

    @Test("MicroPython runs a script from argv, with the clock only where it was granted")
    func microPython() async throws {
        let script = "import time\nprint(time.time() > 1e9)\nraise SystemExit(3)"
        try await RealServer.withServer { server in
            let granted = try await server.selium(
                "start", Checkout.microPython, "--attach", "--capabilities", "wasi", "--", "-c",
                script)
            #expect(granted.text == "True\n", "\(granted.errors)")
            #expect(granted.code == 3)
            let denied = try await server.selium(
                "start", Checkout.microPython, "--attach", "--", "-c", script)
            #expect(denied.text == "False\n", "\(denied.errors)")
            #expect(denied.code == 3)
            #expect(denied.errors.contains("not granted"))
        }
    }

    @Test("stdin is streamed to its end")
    func standardInput() async throws {
        let guest = try await Checkout.guest("upper")
        let text = (1...2000).map { "line \($0)\n" }.joined()
        try await RealServer.withServer { server in
            let result = try await server.selium("start", guest, "--attach", "-i", input: text)
            #expect(result.text == text.uppercased(), "\(result.errors)")
            #expect(result.code == 0)
        }
    }

    @Test("run needs no server, passes output and exit code, and says nothing of its own")
    func run() async throws {
        let guest = try await Checkout.guest("hello-swift")
        let result = try await Command.run(RealServer.selium, ["run", guest, "--", "Grace"])
        #expect(result.text == "Hello, Grace, from Embedded Swift\n")
        #expect(result.errors.isEmpty)
        #expect(result.code == 0)
    }

    @Test(
        "what cannot be is refused with the code of the contract",
        arguments: [
            (["start", "no-such-file.wasm"], 66), (["stop", "99"], 3), (["stop", "nobody"], 3),
            (["wait", "99"], 3), (["frobnicate"], 64), (["ps", "--frobnicate"], 64),
            (["start", "certs/ca.crt"], 65),
        ] as [([String], Int32)])
    func refusals(arguments: [String], code: Int32) async throws {
        try await RealServer.withServer { server in
            let result = try await Command.run(
                RealServer.selium, arguments,
                environment: [
                    "SELIUM_PORT": "\(server.port)",
                    "SELIUM_CERT_DIR": server.directory.appending(path: "certs").path,
                ], directory: server.directory)
            #expect(result.code == code, "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("a scope that is not built yet is refused, never granted as the bare name")
    func scopes() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let result = try await server.selium(
                "start", guest, "-c", "NetHttpConnect=https://a.example")
            #expect(result.code == 65, "\(result.errors)")
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
        }
    }

    @Test("nothing listening and no certificates say what to do")
    func unreachable() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let none = try await Command.run(RealServer.selium, ["ps"], directory: files.url)
        #expect(none.code == 78)
        #expect(none.errors.contains("selium cert init"))
        #expect(
            try await Command.run(RealServer.selium, ["cert", "init"], directory: files.url).code
                == 0)
        // Port 1 is nobody's.
        let nobody = try await Command.run(
            RealServer.selium, ["ps"], environment: ["SELIUM_PORT": "1"], directory: files.url)
        #expect(nobody.code == 69)
        #expect(
            nobody.errors.hasPrefix(
                "error: nothing listens on localhost:1 (tried ::1, 127.0.0.1)\n"))
    }
}
