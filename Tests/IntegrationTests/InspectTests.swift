import Foundation
import SeliumTesting
import Testing

@Suite("inspect, through the programs", .inTurn(minutes: 5))
struct InspectTests {
    @Test("it shows names, kinds and lengths, what may be used, every end and the log's range")
    func everything() async throws {
        try await RealServer.withServer { server in
            let guest = try SmallGuest.write(
                SmallGuest.fails, to: server.directory, as: "fails.wasm")
            let attached = try await server.selium(
                "start", guest, "--attach", "--name", "web", "--restart", "on-failure:1",
                "--backoff", "10ms..10ms", "--env", "TOKEN=hunter2", "--memory", "1M", "-a",
                "utf8:sesame", "--", "one", "three")
            #expect(attached.code == 3, "\(attached.errors)")
            let shown = try await server.selium("inspect", "web")
            #expect(shown.code == 0, "\(shown.errors)")
            let lines = shown.text.split(separator: "\n").map {
                $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            }
            for line in [
                "id 1", "name web", "state crashed", "incarnation 2",
                "memory 0B of 1M",
                "arguments utf8, 6 bytes", "argv 2 words: 3 bytes, 5 bytes",
                "environment TOKEN, 7 bytes", "tables 4 of 100000 elements",
                "last end incarnation 2 exited with code 3",
            ] {
                #expect(lines.contains(line), "\(line) in \(shown.text)")
            }
            #expect(
                lines.contains { $0.hasPrefix("earlier ends incarnation 1 exited with code 3, ") })
            // Two beginnings, two lines, two ends, and that the restarts are used up.
            #expect(lines.contains("log records 1 to 7 (64M kept, 64M/s)"), "\(shown.text)")
            let json = try await server.selium("inspect", "1", "-o", "jsonl")
            #expect(json.text.hasPrefix(#"{"schema":"selium.inspection/1","process":{"id":1,"#))
            for part in [
                #""arguments":[{"type":"utf8","length":6,"sensitive":false}]"#,
                #""argvLengths":[3,5]"#,
                #""environment":[{"name":"TOKEN","length":7,"sensitive":false}]"#,
                #""limits":{"memory":1048576,"tables":4,"tableElements":100000,"#,
                #""log":{"oldest":1,"last":7}"#,
            ] {
                #expect(json.text.contains(part), "\(part) in \(json.text)")
            }
            for text in [shown.text, json.text] {
                #expect(!text.contains("hunter2") && !text.contains("sesame"))
            }
            #expect(try await server.selium("inspect", "web", "-o", "name").text == "1\n")
        }
    }

    @Test("several are shown one after the other, and one that is missing does not hide the others")
    func several() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--name", "a").code == 0)
            #expect(try await server.selium("start", guest, "--name", "b").code == 0)
            let both = try await server.selium("inspect", "a", "missing", "b", "-o", "jsonl")
            #expect(both.code == 3)
            #expect(both.text.split(separator: "\n").count == 2)
            #expect(both.errors.contains("selium.error/1"), "\(both.errors)")
            let one = try await server.selium("inspect", "a", "b", "-o", "json")
            #expect(one.code == 64)
            #expect(try await server.selium("inspect", "9").code == 3)
            #expect(try await server.selium("inspect", "a/b/c").code == 64)
            // Another caller's is not found.
            let issued = try await server.selium(
                "cert", "issue", "alice", "--dir", server.directory.appending(path: "certs").path,
                "--out", server.directory.appending(path: "alice").path)
            #expect(issued.code == 0, "\(issued.errors)")
            let foreign = try await Command.run(
                RealServer.selium, ["inspect", "1"],
                environment: server.environment.merging([
                    "SELIUM_CERT_DIR": server.directory.appending(path: "alice").path
                ]) { $1 })
            #expect(foreign.code == 3, "\(foreign.errors)")
        }
    }
}
