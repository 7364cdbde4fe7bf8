import Foundation
import SeliumTesting
import Testing

@Suite("Contexts, through the programs", .inTurn(minutes: 5))
struct ContextTests {
    @Test("a context leads to its server, from any directory, until another is named")
    func leads() async throws {
        try await RealServer.withServer { server in
            let home = server.directory.appending(path: "home")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
            func selium(
                _ arguments: String..., directory: URL? = nil, variables: [String: String] = [:]
            ) async throws -> Command {
                try await Command.run(
                    RealServer.selium, arguments,
                    environment: ["HOME": home.path].merging(variables) { $1 },
                    directory: directory ?? home)
            }
            let added = try await selium(
                "context", "add", "here", "--domain", "localhost", "--port", "\(server.port)",
                "--cert-dir", "certs", directory: server.directory)
            #expect(added.code == 0, "\(added.errors)")
            #expect(added.text == "Added context here\n")
            #expect(added.errors.isEmpty)
            // It is not in use yet: there are no certificates anywhere else.
            #expect(try await selium("ps", "-q").code == 78)
            #expect(try await selium("--context", "here", "info").code == 0)
            #expect(try await selium("info", variables: ["SELIUM_CONTEXT": "here"]).code == 0)
            #expect(try await selium("context", "use", "here").text == "Using context here\n")
            let info = try await selium("info", "-o", "jsonl")
            #expect(info.code == 0, "\(info.errors)")
            #expect(info.text.contains(#""identity":"operator""#))
            let elsewhere = try await selium("info", variables: ["SELIUM_PORT": "1"])
            #expect(elsewhere.code == 69, "\(elsewhere.errors)")
            #expect(try await selium("info", "--context", "nowhere").code == 78)
            let ignored = try await selium(
                "run", "/nonexistent.wasm", variables: ["SELIUM_CONTEXT": "nowhere"])
            #expect(ignored.code == 66, "\(ignored.errors)")
            #expect(try await selium("context", "rm", "here").code == 0)
            #expect(try await selium("info", "--context", "here").code == 78)
        }
    }

    @Test("bash completes the names of contexts")
    func completion() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let environment = [
            "HOME": files.url.path,
            "PATH":
                "\(URL(filePath: RealServer.selium).deletingLastPathComponent().path):/usr/bin:/bin",
        ]
        let added = try await Command.run(
            RealServer.selium, ["context", "add", "build", "--domain", "h"],
            environment: environment)
        #expect(added.code == 0, "\(added.errors)")
        let ask = """
            source <(selium completion bash)
            COMP_WORDS=(selium context use b); COMP_CWORD=3; COMP_LINE="selium context use b"
            COMP_POINT=${#COMP_LINE}
            name=$(complete -p selium | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            "$name" selium b use
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let offered = try await Command.run("/bin/bash", ["-c", ask], environment: environment)
        #expect(offered.text.contains("build"), "\(offered.text)\(offered.errors)")
    }
}
