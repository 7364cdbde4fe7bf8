import Foundation
import SeliumTesting
import Testing

@Suite("selium-runtime, the program", .inTurn(minutes: 5))
struct RuntimeTests {
    private static let runtime = Checkout.binaries.appending(path: "selium-runtime").path

    /// A work directory with certificates.
    private func withDirectory(_ body: (TemporaryDirectory) async throws -> Void) async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let made = try await Command.run(
            Self.runtime,
            ["generate-certs", "--output-dir", files.url.appending(path: "certs").path])
        #expect(made.code == 0, "\(made.errors)")
        #expect(made.text == "Wrote certificates to \(files.url.appending(path: "certs").path)\n")
        try await body(files)
    }

    private func run(
        _ files: TemporaryDirectory, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Command {
        try await Command.run(
            Self.runtime, ["--work-dir", files.url.path] + arguments, environment: environment)
    }

    @Test(
        "what cannot be configured is 78 and nothing listens",
        arguments: [
            ["--listen", "192.0.2.1:0"],
            ["--listen", "no-such-host.invalid:0"],
            ["--module", "path=missing.wasm"], ["--module", "path=/etc/passwd"],
            ["--module", "path=../x.wasm"],
            ["--module", "path=x.wasm;nonsense=1"], ["--module", "path=x.wasm;path=y.wasm"],
            ["--module", "path=x.wasm;args=i8:200"], ["--module", "path=x.wasm;log_uri=a"],
            ["--module", "path=x.wasm;capabilities=Nope"], ["--module", "args=i8:1"],
            [
                "--module",
                "path=selium_remote_client_server.wasm;capabilities=NetQuicBind;args=utf8:localhost,u16:0",
            ],
            ["--insecure-no-client-auth", "--listen", "0.0.0.0:0"], ["--cert-dir", "/nonexistent"],
        ])
    func refused(_ arguments: [String]) async throws {
        try await withDirectory { files in
            let result = try await run(files, arguments)
            #expect(result.code == 78, "\(result.errors)")
            #expect(result.errors.hasPrefix("error: "))
            #expect(!result.errors.contains("Listening on"))
            #expect(result.text.isEmpty)
        }
    }

    @Test(
        "what a later version would obey is refused",
        arguments: ["policy.yaml", "policy.json", "certs/policy.yml", "certs/revoked", "revoked"])
    func laterFiles(_ name: String) async throws {
        try await withDirectory { files in
            try Data().write(to: files.url.appending(path: name))
            let result = try await run(files, ["--listen", "127.0.0.1:0"])
            #expect(result.code == 78)
            #expect(result.errors.contains(name.split(separator: "/").last ?? ""))
        }
    }

    @Test(
        "unknown flags are 64, and so is what is no place to listen at",
        arguments: [
            ["--policy", "x"], ["--frobnicate"], ["extra"], ["--listen", "nonsense"],
            ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:"], ["--listen", "::1"],
            ["--work-dir", "a", "--work-dir", "b"], ["--cert-dir=a", "--cert-dir", "b"],
            ["generate-certs", "--output-dir", "a", "--output-dir=b"],
        ])
    func usage(_ arguments: [String]) async throws {
        let result = try await Command.run(Self.runtime, arguments)
        #expect(result.code == 64, "\(result.errors)")
    }

    @Test("a server key that others may read, or that is not there, is 78 with what to do")
    func serverKey() async throws {
        try await withDirectory { files in
            let key = files.url.appending(path: "certs/server.key")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: key.path)
            let open = try await run(files, ["--listen", "127.0.0.1:0"])
            #expect(open.code == 78)
            #expect(open.errors.contains("fix: chmod 600"), "\(open.errors)")
            try FileManager.default.removeItem(at: key)
            let missing = try await run(files, ["--listen", "127.0.0.1:0"])
            #expect(missing.code == 78)
            #expect(missing.errors.contains("server.key"), "\(missing.errors)")
        }
    }

    @Test("a default directory that looks like none is not used")
    func foreignDirectory() async throws {
        try await withDirectory { files in
            let other = try TemporaryDirectory()
            defer { other.remove() }
            try Data().write(to: other.url.appending(path: "something"))
            // Without certificates it is not told to make some there either.
            for certificates in [["--cert-dir", files.url.appending(path: "certs").path], []] {
                let result = try await Command.run(
                    Self.runtime, certificates + ["--listen", "127.0.0.1:0"], directory: other.url)
                #expect(result.code == 78)
                #expect(result.errors.contains("--work-dir"), "\(result.errors)")
            }
        }
    }

    @Test("help has two examples, and certificates are never overwritten")
    func help() async throws {
        let help = try await Command.run(Self.runtime, ["--help"])
        #expect(help.code == 0)
        #expect(help.text.components(separatedBy: "  selium-runtime --").count >= 3)
        try await withDirectory { files in
            let again = try await Command.run(
                Self.runtime,
                ["generate-certs", "--output-dir", files.url.appending(path: "certs").path])
            #expect(again.code == 4)
        }
    }

    @Test("it says where it listens once everything is bound, takes the published line, and drains")
    func serves() async throws {
        try await withDirectory { files in
            let modules = files.url.appending(path: "modules")
            try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: false)
            let guest = try await Checkout.guest("loop")
            try FileManager.default.copyItem(
                at: URL(filePath: guest), to: modules.appending(path: "loop.wasm"))
            let server = try RunningRuntime(
                [
                    "--work-dir", files.url.path, "--module", "path=modules/loop.wasm;name=spinner",
                    "--module",
                    "path=modules/selium_remote_client_server.wasm;capabilities=ChannelLifecycle,ChannelReader,"
                        + "ChannelWriter,ProcessLifecycle,NetQuicBind,NetQuicAccept,NetQuicRead,NetQuicWrite;"
                        + "args=utf8:localhost,u16:0",
                ])
            let ports = try await server.ports(2)
            #expect(Set(ports).count == 1)
            let port = try #require(ports.first)
            let environment = [
                "SELIUM_PORT": "\(port)",
                "SELIUM_CERT_DIR": files.url.appending(path: "certs").path,
            ]
            func selium(_ arguments: String...) async throws -> Command {
                try await Command.run(RealServer.selium, arguments, environment: environment)
            }
            #expect(try await selium("ps").text.contains("system/spinner"))
            for domain in ["::1", "127.0.0.1"] {
                #expect(try await selium("--domain", domain, "ps", "-q").text == "1\n")
            }
            let second = try await run(files, ["--listen", "127.0.0.1:0"])
            #expect(second.code == 78)
            #expect(second.errors.contains("another runtime"))
            let taken = try await withOther {
                try await run($0, ["--listen", "127.0.0.1:\(port)"])
            }
            #expect(taken.code == 78)
            #expect(taken.errors.contains("in use"))
            let attached = try RunningCommand(
                RealServer.selium, ["attach", "1", "--tail", "all"], environment: environment)
            #expect(try await attached.firstOutput() == Data("here I go\n".utf8))
            #expect(await server.end(SIGTERM) == 0)
            // Whoever watched sees the end: its program was killed.
            #expect(await attached.end() == 137)
        }
    }

    @Test("what lies in modules/ is started by its name, with or without .wasm, and by its digest")
    func moduleNames() async throws {
        try await withDirectory { files in
            let modules = files.url.appending(path: "modules")
            try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                at: URL(filePath: try await Checkout.guest("hello-c")),
                to: modules.appending(path: "hello-c.wasm"))
            let server = try RunningRuntime([
                "--work-dir", files.url.path, "--listen", "127.0.0.1:0",
            ])
            let port = try #require(try await server.ports(1).first)
            func start(_ words: String...) async throws -> Command {
                try await Command.run(
                    RealServer.selium, ["start"] + words,
                    environment: [
                        "SELIUM_DOMAIN": "127.0.0.1", "SELIUM_PORT": "\(port)",
                        "SELIUM_CERT_DIR": files.url.appending(path: "certs").path,
                    ])
            }
            let first = try await start("hello-c.wasm", "-o", "json")
            #expect(first.code == 0, "\(first.errors)")
            let digest = try #require(
                first.text.split(separator: "\"").first { $0.hasPrefix("sha256:") })
            for word in ["hello-c.wasm", "hello-c", String(digest)] {
                let again = try await start(word, "--attach", "--", "Ada")
                #expect(again.text.hasPrefix("Hello, Ada, from C\n"), "\(word): \(again.errors)")
                #expect(again.code == 7)
            }
            let unknown = try await start("hello-d")
            #expect(unknown.code == 66)
            #expect(
                unknown.errors
                    == "error: no file hello-d here, and no module hello-d on the server\n")
            #expect(await server.end(SIGTERM) == 0)
        }
    }

    @Test("a runtime short of descriptors says so, and takes no module for one that is not there")
    func shortage() async throws {
        try await withDirectory { files in
            let modules = files.url.appending(path: "modules")
            try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                at: URL(filePath: try await Checkout.guest("hello-c")),
                to: modules.appending(path: "hello-c.wasm"))
            let server = try RunningRuntime([
                "--work-dir", files.url.path, "--listen", "127.0.0.1:0",
            ])
            let port = try #require(try await server.ports(1).first)
            func start(_ flags: String...) async throws -> Command {
                try await Command.run(
                    RealServer.selium, ["start", "hello-c", "--attach"] + flags,
                    environment: [
                        "SELIUM_DOMAIN": "127.0.0.1", "SELIUM_PORT": "\(port)",
                        "SELIUM_CERT_DIR": files.url.appending(path: "certs").path,
                    ])
            }
            #expect(try await start().code == 7)
            // What it has open stays open; nothing more can be.
            try await server.allowDescriptors(3)
            // It may be over in a moment: the command tries again for as long as it may take.
            let refused = try await start("--timeout", "1s")
            #expect(refused.code == 75, "\(refused.errors)")
            #expect(refused.errors.contains("Too many open files"))
            try await server.allowDescriptors(1_024)
            #expect(try await start().code == 7)
            #expect(await server.end(SIGTERM) == 0)
        }
    }

    @Test("a second SIGTERM ends it at once, whoever has not read to the end")
    func secondSignal() async throws {
        try await withDirectory { files in
            let guest = try SmallGuest.write(SmallGuest.flood, to: files.url, as: "flood.wasm")
            let server = try RunningRuntime([
                "--work-dir", files.url.path, "--listen", "127.0.0.1:0",
            ])
            let port = try #require(try await server.ports(1).first)
            // Nobody reads its output: the last words of the log never go out.
            let stuck = try RunningCommand(
                RealServer.selium, ["start", guest, "--attach"],
                environment: [
                    "SELIUM_DOMAIN": "127.0.0.1", "SELIUM_PORT": "\(port)",
                    "SELIUM_CERT_DIR": files.url.appending(path: "certs").path,
                ])
            _ = try await stuck.errors(until: "Started process (id=1)")
            #expect(!(try await stuck.firstOutput().isEmpty))
            server.signal(SIGTERM)
            #expect(await server.line(with: "shutting down") != nil)
            #expect(await server.end(SIGTERM) == 143)
        }
    }

    private func withOther(_ body: (TemporaryDirectory) async throws -> Command) async throws
        -> Command
    {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let certificates = files.url.appending(path: "certs").path
        _ = try await Command.run(Self.runtime, ["generate-certs", "--output-dir", certificates])
        return try await body(files)
    }
}

/// A runtime that runs beside a test.
final class RunningRuntime: Sendable {
    private let process: Process
    private let lines: AsyncStream<String>

    init(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = Checkout.binaries.appending(path: "selium-runtime")
        process.arguments = arguments
        process.environment = Command.environment([:])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let reader = errors.fileHandleForReading
        self.lines = lines
        self.process = process
        try process.run()
        // Ends with the runtime: its end of the pipe is the only one.
        Thread.detachNewThread {
            var rest = ""
            while case let data = reader.availableData, !data.isEmpty {
                rest += String(decoding: data, as: UTF8.self)
                let parts = rest.components(separatedBy: "\n")
                for line in parts.dropLast() { continuation.yield(line) }
                rest = parts.last ?? ""
            }
            continuation.finish()
        }
    }

    /// How many descriptors it may open from now on; those it has stay.
    func allowDescriptors(_ count: Int) async throws {
        let set = try await Command.run(
            "/usr/bin/prlimit", ["--pid", "\(process.processIdentifier)", "--nofile=\(count):"])
        #expect(set.code == 0, "\(set.errors)")
    }

    /// The ports of the first `count` lines `Listening on ADDRESS:PORT`.
    func ports(_ count: Int) async throws -> [UInt16] {
        var ports: [UInt16] = []
        var heard = ""
        for await line in lines {
            heard += line + "\n"
            if line.hasPrefix("Listening on "),
                let port = line.split(separator: ":").last.flatMap({ UInt16($0) })
            {
                ports.append(port)
            }
            if ports.count == count { return ports }
        }
        throw MissingTool(message: "selium-runtime ended: \(heard)")
    }

    /// The next line with these words; nil when it ended without.
    func line(with words: String) async -> String? {
        await lines.first { $0.contains(words) }
    }

    /// Sends a signal.
    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Sends a signal and waits for the end; the exit code.
    func end(_ signal: Int32) async -> Int32 {
        kill(process.processIdentifier, signal)
        return await withCheckedContinuation { continuation in
            let process = self.process
            Thread.detachNewThread {
                process.waitUntilExit()
                continuation.resume(returning: process.terminationStatus)
            }
        }
    }

    deinit { if process.isRunning { process.terminate() } }
}
