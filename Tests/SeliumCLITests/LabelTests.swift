import SeliumClient
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Labels and filters", .inTurn(minutes: 2))
struct LabelTests {
    @Test("--label takes KEY=VALUE, each key once")
    func labels() throws {
        #expect(
            try LabelFlags.labels(["tier=web", "a/b.c=1:2@x+y-z", "empty="])
                == ["tier": "web", "a/b.c": "1:2@x+y-z", "empty": ""])
        for bad in ["tier", "=web", "-a=b", "a=b c", "a=b=c", "a b=c", "a=ü", "é=a", "a=b,c"] {
            let error = #expect(throws: CommandError.self) { try LabelFlags.labels([bad]) }
            #expect(error?.status == .usage)
            #expect(error?.message.contains("'\(bad)'") == true)
        }
        let twice = #expect(throws: CommandError.self) { try LabelFlags.labels(["a=1", "a=2"]) }
        #expect(twice?.message == "--label a=2: the key was given before")
        let many = (0...32).map { "k\($0)=v" }
        #expect(try LabelFlags.labels(Array(many.dropLast())).count == 32)
        #expect(throws: CommandError.self) { try LabelFlags.labels(many) }
        let long = String(repeating: "a", count: 63)
        #expect(try LabelFlags.labels(["\(long)=\(long)"]).count == 1)
        #expect(throws: CommandError.self) { try LabelFlags.labels(["\(long)a=b"]) }
        #expect(throws: CommandError.self) { try LabelFlags.labels(["b=\(long)a"]) }
    }

    @Test("--filter takes a key that there is, and any of several values")
    func filters() throws {
        #expect(
            try FilterFlags.filters([
                "state=running,backing-off", "name=web", "owner=a", "namespace=b",
                "module=x.wasm", "label=tier", "label=tier=web,db", "label=tier=",
            ]) == [
                .state([.running, .backingOff]), .name(["web"]), .owner(["a"]), .namespace(["b"]),
                .module(["x.wasm"]), .label("tier"), .label("tier", ["web", "db"]),
                .label("tier", [""]),
            ])
    }

    @Test(
        "What is no filter is told with what there is",
        arguments: [
            ("stat=running", "--filter 'stat=running' begins with no key; did you mean 'state'?"),
            ("tier=web", "--filter 'tier=web' begins with no key"),
            ("state", "--filter 'state' is not KEY=VALUE"),
            ("state=", "--filter 'state=' is not KEY=VALUE"),
            ("state=runing", "'runing' is no state; did you mean 'running'?"),
            ("label=a b", "--filter 'label=a b' names no label"),
        ])
    func notFilters(_ text: String, _ message: String) async {
        let outcome = await run("ps", "--filter", text)
        #expect(outcome.status == .usage)
        #expect(outcome.err.hasPrefix("error: \(message)\n"), "\(outcome.err)")
    }
}
