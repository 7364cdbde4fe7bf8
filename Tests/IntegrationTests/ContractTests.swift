import Foundation
import SeliumTesting
import Testing

/// Sentences of the commands' contract that take a real server.
@Suite("What the commands promise", .inTurn(minutes: 5))
struct ContractTests {
    @Test("a timeout is 75 before the process is known, and 125 with 75 as its cause afterwards")
    func timeouts() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--name", "spin").code == 0)
            let waited = try await server.selium("wait", "spin", "--timeout", "300ms")
            #expect(waited.code == 125)
            #expect(
                waited.errors == """
                    error: process 1 has not ended within 300ms, the --timeout (code 75; process 1 had been started)
                    to go on: selium wait 1

                    """)
            let attached = try await server.selium("attach", "1", "--timeout", "300ms")
            #expect(attached.code == 125)
            #expect(
                attached.errors == """
                    error: process 1 has written nothing for 300ms, the --timeout (code 75; process 1 had been started)
                    to go on: selium attach 1

                    """)
            let json = try await server.selium("wait", "1", "--timeout", "300ms", "-o", "json")
            #expect(json.code == 125)
            #expect(json.errors.hasPrefix(#"{"schema":"selium.error/1","code":125,"#))
            #expect(json.errors.contains(#""cause":75"#))
            #expect(json.errors.contains(#""process":1"#))
            // It was never known.
            for command in ["wait", "attach"] {
                let missing = try await server.selium(command, "99", "--timeout", "300ms")
                #expect(missing.code == 3, "\(missing.errors)")
            }
            #expect(try await server.selium("stop", "1").code == 0)
        }
    }

    @Test("a server that goes away is 125 for whoever watches, and 69 for who had not begun")
    func serverGone() async throws {
        let guest = try await Checkout.guest("loop")
        var watcher: RunningCommand?
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest).code == 0)
            let running = try RunningCommand(
                RealServer.selium, ["attach", "1", "--timeout", "2s", "-o", "jsonl"],
                environment: server.environment)
            // The first record: the process is known.
            #expect(try await !running.firstOutput().isEmpty)
            watcher = running
            server.kill()
            let gone = try await server.selium("wait", "1", "--timeout", "1s")
            #expect(gone.code == 69, "\(gone.errors)")
        }
        let running = try #require(watcher)
        #expect(await running.end() == 125)
        #expect(try await running.errors(until: "}\n").contains(#""code":125"#))
    }

    @Test("a name of another namespace is taken as it is shown, where the role reaches that")
    func foreignNames() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let issued = try await server.selium(
                "cert", "issue", "alice", "--dir", server.directory.appending(path: "certs").path,
                "--out", server.directory.appending(path: "alice").path)
            #expect(issued.code == 0, "\(issued.errors)")
            let alice = server.environment.merging([
                "SELIUM_CERT_DIR": server.directory.appending(path: "alice").path
            ]) { $1 }
            func asAlice(_ arguments: String...) async throws -> Command {
                try await Command.run(RealServer.selium, arguments, environment: alice)
            }
            #expect(try await asAlice("start", guest, "--name", "web").code == 0)
            #expect(try await server.selium("start", guest, "--name", "mine").code == 0)
            #expect(try await server.selium("ps").text.contains("alice/web"))
            #expect(try await asAlice("ps").text.contains("1  web "))
            // Without the namespace it is the caller's own.
            #expect(try await server.selium("stop", "web").code == 3)
            let attached = try await server.selium("attach", "alice/web", "--timeout", "300ms")
            #expect(attached.code == 125)
            #expect(attached.text == "here I go\n")
            let stopped = try await server.selium("stop", "alice/web")
            #expect(stopped.text == "Stopped process 1\n", "\(stopped.errors)")
            #expect(try await server.selium("wait", "alice/web").code == 137)
            #expect(try await asAlice("wait", "alice/web").code == 137)
            // A namespace that is not hers is denied, whatever lives there.
            for name in ["operator/mine", "operator/nobody", "nowhere/web"] {
                let denied = try await asAlice("stop", name)
                #expect(denied.code == 77, "\(denied.errors)")
            }
            #expect(try await server.selium("ps", "-q").text == "2\n")
            #expect(try await server.selium("stop", "operator/mine").code == 0)
        }
    }

    @Test("attach follows each process once, however often and under which name it is given")
    func duplicates() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let lines =
                "Hello, Ada, from C\nstdout is a stream of lines\nand the exit code is mine\n"
            #expect(
                try await server.selium("start", guest, "--attach", "--name", "one", "--", "Ada")
                    .code == 7)
            let twice = try await server.selium("attach", "1", "1")
            #expect(twice.text == lines, "\(twice.errors)")
            #expect(twice.code == 7)
            let aliases = try await server.selium("attach", "1", "one")
            #expect(aliases.text.split(separator: "\n").count == 3)
            #expect(aliases.code == 7)
        }
    }

    @Test("a position that does not exist is answered with those that do")
    func positions() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--attach").code == 7)
            let beyond = try await server.selium("attach", "1", "--from", "99")
            #expect(beyond.code == 65)
            #expect(
                beyond.errors.hasSuffix(
                    "the log holds records 1 to 5; --from 6 waits for the next one\n"),
                "\(beyond.errors)")
            let json = try await server.selium("attach", "1", "--from", "99", "-o", "jsonl")
            #expect(json.errors.contains(#""range":{"oldest":1,"last":5}"#))
            // The next one is legal: it has ended, so that is the end.
            #expect(try await server.selium("attach", "1", "--from", "6").code == 7)
        }
    }

    @Test("--strict refuses an import nobody has, its name escaped once")
    func strict() async throws {
        try await RealServer.withServer { server in
            let guest = try SmallGuest.write(
                SmallGuest.oddImport, to: server.directory, as: "odd.wasm")
            let refused = try await server.selium("start", guest, "--strict")
            #expect(refused.code == 65)
            #expect(
                refused.errors.hasPrefix(
                    #"error: the module imports a\u{1B}[31m.b\nc, which this server does not have"#),
                "\(refused.errors)")
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
        }
    }

    @Test(
        "what is no module is told by its kind and its size, at once and before any server is asked"
    )
    func noModules() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let huge = files.url.appending(path: "huge.wasm").path
        let pipe = files.url.appending(path: "pipe.wasm").path
        let made = try await Command.run(
            "/bin/sh", ["-c", "truncate -s 2G \"$0\" && mkfifo \"$1\"", huge, pipe])
        try #require(made.code == 0, "\(made.errors)")
        let prepared = try await Command.run(
            RealServer.selium, ["cert", "init"], directory: files.url)
        try #require(prepared.code == 0, "\(prepared.errors)")
        for verb in ["start", "run"] {
            func refused(_ path: String) async throws -> Command {
                // Nobody listens on port 1: it must not come to that.
                try await Command.run(
                    RealServer.selium, [verb, path],
                    environment: verb == "start" ? ["SELIUM_PORT": "1"] : [:], directory: files.url)
            }
            let clock = ContinuousClock.now
            let large = try await refused(huge)
            #expect(large.code == 65)
            #expect(
                large.errors
                    == "error: \(huge) has 2147483648 bytes; a module has at most 134217728 (limit moduleBytes)\n"
            )
            // Reading and hashing 2 GiB in this build takes minutes.
            #expect(ContinuousClock.now - clock < .seconds(20))
            for (path, kind) in [
                (pipe, "no regular file"), ("/dev/zero", "no regular file"),
                (files.url.path, "a directory"),
            ] {
                let other = try await refused(path)
                #expect(other.code == 66)
                #expect(other.errors == "error: \(path) is \(kind)\n")
            }
        }
    }

    @Test("info --show-origin names the place that certificates are taken from by default")
    func certificatePlace() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        func row(_ home: URL? = nil) async throws -> [String]? {
            let shown = try await Command.run(
                RealServer.selium, ["info", "--show-origin"],
                environment: home.map { ["HOME": $0.path] } ?? [:], directory: files.url)
            let line = shown.text.split(separator: "\n").first { $0.hasPrefix("cert-dir") }
            return line?.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let none = "default (none in ./certs or ~/.config/selium/certs)"
        #expect(try await row() == ["cert-dir", "-", none])
        let home = files.url.appending(path: "home")
        let place = home.appending(path: ".config/selium/certs")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let made = try await Command.run(
            RealServer.selium, ["cert", "init", "--dir", place.path + "/."])
        #expect(made.code == 0, "\(made.errors)")
        #expect(try await row(home) == ["cert-dir", "~/.config/selium/certs", "default"])
        let own = try await Command.run(
            RealServer.selium, ["cert", "init"], directory: files.url)
        #expect(own.code == 0)
        #expect(try await row(home) == ["cert-dir", "certs", "default"])
    }
}
