import Foundation
import SeliumTesting
import Testing

@Suite("Signals", .inTurn(minutes: 5))
struct SignalTests {
    @Test(
        "a signal ends attach with the code of the contract, and the program goes on",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func attach(_ signal: Int32, _ code: Int32) async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            let starting = try RunningCommand(
                RealServer.selium, ["start", guest, "--attach"], environment: server.environment)
            // From these words on the handlers are in place.
            let started = try await starting.errors(until: "Started process (id=1)\n")
            #expect(started.contains("Started process (id=1)"), "\(started)")
            #expect(await starting.end(signal) == code)
            let watching = try RunningCommand(
                RealServer.selium, ["attach", "1", "--tail", "all"],
                environment: server.environment)
            #expect(try await watching.firstOutput() == Data("here I go\n".utf8))
            #expect(await watching.end(signal) == code)
            // No terminal, no word about it.
            #expect(try await watching.errors(until: "goes on").isEmpty)
            #expect(try await server.selium("ps", "-q").text == "1\n")
            #expect(try await server.selium("stop", "1").code == 0)
        }
    }

    @Test("one signal ends an attach to several, and all of them go on")
    func several() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            for _ in 0..<2 { #expect(try await server.selium("start", guest).code == 0) }
            let watching = try RunningCommand(
                RealServer.selium, ["attach", "1", "2", "--tail", "all"],
                environment: server.environment)
            #expect(!(try await watching.firstOutput().isEmpty))
            #expect(await watching.end(SIGINT) == 130)
            #expect(try await server.selium("ps", "-q").text == "1\n2\n")
        }
    }

    @Test(
        "a signal stops what run runs, and nothing stays",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func run(_ signal: Int32, _ code: Int32) async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try await Checkout.guest("loop")
        let running = try RunningCommand(
            RealServer.selium, ["run", guest], environment: ["TMPDIR": files.url.path])
        #expect(try await running.firstOutput() == Data("here I go\n".utf8))
        #expect(await running.end(signal) == code)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.url.path).isEmpty)
    }

    @Test("a second signal kills what run runs; the first one's code is returned, nothing stays")
    func runTwice() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try await Checkout.guest("loop")
        let running = try RunningCommand(
            RealServer.selium, ["run", guest], environment: ["TMPDIR": files.url.path])
        #expect(try await running.firstOutput() == Data("here I go\n".utf8))
        running.signal(SIGTERM)
        #expect(await running.end(SIGTERM) == 143)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.url.path).isEmpty)
    }

    @Test("a signal while run's own runtime comes up leaves nothing", arguments: [0, 50, 200, 400])
    func runEarly(_ milliseconds: Int) async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try await Checkout.guest("loop")
        let running = try RunningCommand(
            RealServer.selium, ["run", guest], environment: ["TMPDIR": files.url.path])
        // Which moment that is does not matter: none of them may leave anything.
        try await Task.sleep(for: .milliseconds(milliseconds))
        let code = await running.end(SIGINT)
        // 2: the signal itself, before the command had said that it wants to hear of it.
        #expect([130, 2].contains(code), "\(code)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.url.path).isEmpty)
    }

    @Test("a signal during an upload ends it, and nothing was started")
    func upload() async throws {
        try await RealServer.withServer { server in
            let module = try LargeModule.write(
                to: server.directory, as: "large.wasm", size: 64 << 20)
            let starting = try TerminalCommand(
                RealServer.selium, ["start", module, "--attach"], environment: server.environment)
            let progress = await starting.screen(until: "uploading large.wasm: ")
            #expect(progress.contains("uploading large.wasm: "), "\(progress)")
            starting.signal(SIGINT)
            let (screen, code) = await starting.end()
            #expect(code == 130, "\(screen)")
            #expect(!screen.contains("Started process"))
            #expect(!screen.contains("(100 %)"))
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
        }
    }
}

/// A module that is valid and does nothing, of any size.
enum LargeModule {
    /// An empty function `_start`, and a custom section of zeroes; its path.
    static func write(to directory: URL, as name: String, size: Int) throws -> String {
        var bytes: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
        bytes += [1, 4, 1, 0x60, 0, 0]  // (type (func))
        bytes += [3, 2, 1, 0]  // (func (type 0))
        bytes += [7, 10, 1, 6] + Array("_start".utf8) + [0, 0]  // (export "_start" (func 0))
        bytes += [10, 4, 1, 2, 0, 0x0b]  // its body: end
        // A custom section: its length in five bytes of LEB128, its name `x`.
        bytes.append(0)
        for shift in 0..<5 {
            bytes.append(UInt8((size >> (7 * shift)) & 0x7f) | (shift < 4 ? 0x80 : 0))
        }
        bytes += [1, UInt8(ascii: "x")]
        var data = Data(bytes)
        data.append(Data(count: size - 2))
        let file = directory.appending(path: name)
        try data.write(to: file)
        return file.path
    }
}
