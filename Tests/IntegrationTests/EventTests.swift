import Foundation
import SeliumTesting
import Testing

@Suite("Events, through the programs", .inTurn(minutes: 5))
struct EventTests {
    @Test("what happened is listed, and followed through a kill -9 of the server without a hole")
    func follows() async throws {
        let hello = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let watch = try RunningCommand(
                RealServer.selium, ["events", "-f", "--from", "1", "-o", "jsonl"],
                environment: server.environment)
            let ran = try await server.selium("start", hello, "--attach", "--name", "web")
            #expect(ran.code == 7, "\(ran.errors)")
            var seen = try await watch.output(until: #""detail":"exited""#)
            let listed = try await server.selium("events")
            #expect(listed.code == 0, "\(listed.errors)")
            let lines = listed.text.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(
                lines[0].hasSuffix(" started process 1 (operator/web) incarnation 1 · hello-c.wasm")
            )
            #expect(lines[1].hasSuffix(" ended process 1 (operator/web) incarnation 1 · exit 7"))
            #expect(lines[2].hasSuffix(" finished process 1 (operator/web) · exited"))
            server.kill()
            seen += try await server.withSuccessor { server in
                #expect(try await server.selium("rm", "web").code == 0)
                let more = try await watch.output(until: #""kind":"removed""#)
                #expect(
                    try await server.selium("events", "--from", "4", "-o", "jsonl").text
                        .contains(#""kind":"removed""#))
                #expect(
                    try await server.selium("events", "--since", "2100-01-01T00:00:00Z").text == "")
                #expect(try await server.selium("events", "--from", "9").code == 65)
                return more
            }
            let indices = seen.split(separator: "\n").compactMap { line in
                line.firstRange(of: #""index":"#).flatMap { found in
                    Int(line[found.upperBound...].prefix { $0.isNumber })
                }
            }
            #expect(indices == [1, 2, 3, 4], "\(seen)")
            watch.signal(SIGINT)
            #expect(await watch.end() == 130)
        }
    }

    @Test("what makes no sense is refused, and nobody sees another's events")
    func refused() async throws {
        try await RealServer.withServer { server in
            for words in [
                ["--since", "1m", "--from", "2"], ["--from", "0"], ["--since", "soon"],
            ] {
                let refused = try await Command.run(
                    RealServer.selium, ["events"] + words, environment: server.environment)
                #expect(refused.code == 64, "\(refused.errors)")
            }
            #expect(try await server.selium("events", "-o", "json").code == 64)
            let guest = try SmallGuest.write(
                SmallGuest.fails, to: server.directory, as: "fails.wasm")
            #expect(try await server.selium("start", guest, "--attach").code == 3)
            let issued = try await server.selium(
                "cert", "issue", "alice", "--dir", server.directory.appending(path: "certs").path,
                "--out", server.directory.appending(path: "alice").path)
            #expect(issued.code == 0, "\(issued.errors)")
            let foreign = try await Command.run(
                RealServer.selium, ["events"],
                environment: server.environment.merging([
                    "SELIUM_CERT_DIR": server.directory.appending(path: "alice").path
                ]) { $1 })
            #expect(foreign.code == 0, "\(foreign.errors)")
            #expect(foreign.text == "")
        }
    }
}
