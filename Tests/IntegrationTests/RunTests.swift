import Foundation
import Glibc
import SeliumTesting
import Testing

@Suite("selium run, end to end", .serialized, .inTurn(minutes: 5))
struct RunTests {
    @Test("200 MiB as fast as the guest can, to a viewer that reads nothing until it stands still")
    func lossless() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try SmallGuest.write(SmallGuest.flood, to: files.url, as: "flood.wasm")
        let output = files.url.appending(path: "out")
        // The runtime uses no more CPU: its guest waits, or has written all and lost the most of it.
        let viewer = """
            set -o pipefail
            used() { awk '{print $14 + $15}' "/proc/$(pgrep -f -- "--work-dir $TMPDIR")/stat"; }
            "$0" run "$1" | {
                head -c 1
                before=0
                while now=$(used); [ "$now" != "$before" ]; do before=$now; sleep 0.5; done
                cat
            } > "$2"
            """
        let result = try await Command.run(
            "/bin/bash", ["-c", viewer, RealServer.selium, guest, output.path],
            environment: ["TMPDIR": files.url.path], limit: 300)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.errors.isEmpty)
        let bytes = try Data(contentsOf: output, options: .alwaysMapped)
        let block = 65_536
        #expect(bytes.count == 3_200 * block)
        for number in 0..<min(3_200, bytes.count / block) {
            let start = number * block
            let found = (0..<4).map { Int(bytes[start + $0]) << (8 * $0) }.reduce(0, +)
            guard found == number, bytes[start + block - 1] == 0x0a else {
                Issue.record("block \(number) is \(found)")
                return
            }
        }
    }

    @Test("a viewer that goes away ends it quietly with 141, and nothing stays")
    func closedPipe() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try SmallGuest.write(SmallGuest.flood, to: files.url, as: "flood.wasm")
        let result = try await Command.run(
            "/bin/bash",
            [
                "-c", "\"$0\" run \"$1\" | head -c 10 > /dev/null; exit ${PIPESTATUS[0]}",
                RealServer.selium, guest,
            ], environment: ["TMPDIR": files.url.path])
        #expect(result.code == 141)
        #expect(result.errors.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.url.path).count == 1)
    }

    @Test("SIGKILL of run leaves no process, no key and no directory behind")
    func killed() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try await Checkout.guest("loop")
        let running = try RunningCommand(
            RealServer.selium, ["run", guest], environment: ["TMPDIR": files.url.path])
        // The program runs: its first words have come.
        let first = try await running.firstOutput()
        #expect(!first.isEmpty)
        let made = try FileManager.default.contentsOfDirectory(atPath: files.url.path)
        #expect(made.count == 1)
        let directory = files.url.appending(path: made.first ?? "none")
        let key = directory.appending(path: "certs/client.key").path
        #expect(FileManager.default.fileExists(atPath: key))
        #expect(await running.end(SIGKILL) == SIGKILL)
        await Self.waitUntilGone(directory.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.url.path).isEmpty)
    }

    @Test(
        "nor does SIGKILL at any moment before the program runs",
        arguments: [0, 50, 100, 150, 200, 300, 400, 600, 900])
    func killedEarly(_ milliseconds: Int) async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let guest = try await Checkout.guest("loop")
        let running = try RunningCommand(
            RealServer.selium, ["run", guest], environment: ["TMPDIR": files.url.path])
        // Which moment that is does not matter: none of them may leave anything.
        try await Task.sleep(for: .milliseconds(milliseconds))
        _ = await running.end(SIGKILL)
        // A runtime that was just being started has no command line of its own yet: it comes, makes
        // its directory, finds nobody, and takes it away again.
        let end = ContinuousClock.now + .seconds(20)
        func left() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: files.url.path)
        }
        repeat {
            await Self.waitUntilGone(files.url.path)
            try await Task.sleep(for: .milliseconds(20))
        } while try !left().isEmpty && ContinuousClock.now < end
        #expect(try left().isEmpty)
    }

    /// Waits until no program has the words on its command line, at most 20 s.
    private static func waitUntilGone(_ words: String) async {
        let end = ContinuousClock.now + .seconds(20)
        func isThere() -> Bool {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return entries.contains { entry in
                guard Int(entry) != nil,
                    let line = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline")
                else { return false }
                return String(decoding: line, as: UTF8.self).contains(words)
            }
        }
        while isThere(), ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
        #expect(!isThere())
    }

    @Test("output that cannot be stored is 125 once the program was started, with the reason")
    func fullDisk() async throws {
        let guest = try await Checkout.guest("hello-c")
        for command in [["run", guest], ["run", guest, "-o", "jsonl"]] {
            let result = try await Command.run(
                "/bin/bash", ["-c", "exec \"$0\" \"$@\" > /dev/full", RealServer.selium] + command)
            #expect(result.code == 125, "\(result.errors)")
            #expect(result.errors.contains("No space left on device"))
            #expect(result.errors.contains("1"))
        }
        try await RealServer.withServer { server in
            func full(_ arguments: String...) async throws -> Command {
                try await Command.run(
                    "/bin/bash",
                    ["-c", "exec \"$0\" \"$@\" > /dev/full", RealServer.selium] + arguments,
                    environment: server.environment)
            }
            let started = try await full("start", guest, "--attach")
            #expect(started.code == 125, "\(started.errors)")
            let attached = try await full("attach", "1")
            #expect(attached.code == 125, "\(attached.errors)")
            let waited = try await full("wait", "1")
            #expect(waited.code == 125, "\(waited.errors)")
            // No mirror: its own code, and the id that could not be printed.
            let plain = try await full("start", guest)
            #expect(plain.code == 1)
            #expect(plain.errors.contains("process 2 had been started"), "\(plain.errors)")
            #expect(try await full("ps").code == 1)
        }
    }

    @Test("what its own runtime could not do is explained with that runtime's words")
    func runtimeFails() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        // Both commands in one place; the runtime may write no file larger than 1 MiB.
        let selium = files.url.appending(path: "selium")
        try FileManager.default.copyItem(at: URL(filePath: RealServer.selium), to: selium)
        let real = Checkout.binaries.appending(path: "selium-runtime").path
        let script = "#!/bin/bash\nulimit -f 1024\nexec '\(real)' \"$@\"\n"
        let runtime = files.url.appending(path: "selium-runtime")
        try script.write(to: runtime, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: runtime.path)
        let large = try LargeModule.write(to: files.url, as: "large.wasm", size: 4 << 20)
        let result = try await Command.run(selium.path, ["run", large])
        #expect(result.code == 70, "\(result.errors)")
        let words = result.errors.split(separator: "its runtime said:\n")
        #expect(words.count == 2, "\(result.errors)")
        #expect(words.last?.contains("an upload cannot be stored") == true, "\(result.errors)")
        #expect(words.last?.contains("File too large") == true, "\(result.errors)")
        // A failure that is not its own is told without it.
        let empty = files.url.appending(path: "empty.wasm")
        try Data([1, 2, 3]).write(to: empty)
        let invalid = try await Command.run(selium.path, ["run", empty.path])
        #expect(invalid.code == 65, "\(invalid.errors)")
        #expect(!invalid.errors.contains("its runtime said"))
    }

    @Test("a file that is not there is told without a word about servers")
    func missing() async throws {
        let result = try await Command.run(RealServer.selium, ["run", "nope.wasm"])
        #expect(result.code == 66)
        #expect(result.errors == "error: no file nope.wasm\n")
    }

    @Test("the settings of a deployment, sound or not, mean nothing to it")
    func variables() async throws {
        let guest = try await Checkout.guest("hello-c")
        let result = try await Command.run(
            RealServer.selium, ["run", guest, "--", "Ada"],
            environment: [
                "SELIUM_DOMAIN": "nowhere.invalid", "SELIUM_PORT": "nonsense",
                "SELIUM_CERT_DIR": "/nonexistent", "SELIUM_SERVER_NAME": "a b",
                "SELIUM_CONTEXT": "x", "SELIUM_LISTEN": "nonsense", "SELIUM_MODULE": "nonsense",
                "SELIUM_WORK_DIR": "/nonexistent",
            ])
        #expect(result.code == 7, "\(result.errors)")
        #expect(result.text.hasPrefix("Hello, Ada"))
    }
}
