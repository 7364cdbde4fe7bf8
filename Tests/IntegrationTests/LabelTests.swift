import Foundation
import SeliumTesting
import Testing

@Suite("Labels, through the programs", .inTurn(minutes: 5))
struct LabelTests {
    @Test("what a start was labelled with is shown, and ps finds it by that and by what it is")
    func finds() async throws {
        let loop = try await Checkout.guest("loop")
        let hello = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            func ps(_ filters: String...) async throws -> String {
                let arguments = ["ps", "-q"] + filters.flatMap { ["--filter", $0] }
                let listed = try await Command.run(
                    RealServer.selium, arguments, environment: server.environment)
                #expect(listed.code == 0, "\(listed.errors)")
                return listed.text.split(separator: "\n").joined(separator: " ")
            }
            for (name, labels) in [
                ("a", ["tier=web", "zone=eu"]), ("b", ["tier=db", "zone=eu"]), ("c", []),
            ] as [(String, [String])] {
                let started = try await Command.run(
                    RealServer.selium,
                    ["start", loop, "--name", name] + labels.flatMap { ["--label", $0] },
                    environment: server.environment)
                #expect(started.code == 0, "\(started.errors)")
            }
            #expect(
                try await server.selium("start", hello, "--attach", "--label", "tier=web").code == 7
            )
            #expect(try await ps("label=tier") == "1 2")
            #expect(try await ps("label=tier=web") == "1")
            #expect(try await ps("label=tier=web,db", "label=zone=eu") == "1 2")
            #expect(try await ps("label=tier=web", "name=b") == "")
            #expect(try await ps("name=a,c") == "1 3")
            #expect(try await ps("module=loop.wasm", "owner=operator") == "1 2 3")
            #expect(try await ps("namespace=alice") == "")
            #expect(try await ps("state=exited") == "4")
            #expect(try await ps("state=starting,running,exited", "label=tier=web") == "1 4")
            let status = try await server.selium("status", "a")
            #expect(status.text.contains("tier=web, zone=eu\n"), "\(status.text)")
            let json = try await server.selium("ps", "--filter", "name=a", "-o", "jsonl")
            #expect(json.text.contains(#""labels":{"tier":"web","zone":"eu"}"#), "\(json.text)")
            #expect(
                try await server.selium("inspect", "c", "-o", "jsonl").text
                    .contains(#""labels":{}"#))
            // They outlive the runtime.
            server.kill()
            try await server.withSuccessor { server in
                let kept = try await server.selium("ps", "-q", "-a", "--filter", "label=tier=web")
                #expect(kept.text == "1\n4\n", "\(kept.errors)")
            }
        }
    }
}
