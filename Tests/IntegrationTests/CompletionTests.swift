import Foundation
import SeliumTesting
import Testing

@Suite("Completions", .inTurn(minutes: 2))
struct CompletionTests {
    @Test(
        "every shell takes its script: scripts/setup installs all three",
        arguments: ["bash", "zsh", "fish"])
    func syntax(_ shell: String) async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let script = try await Command.run(RealServer.selium, ["completion", shell])
        #expect(script.code == 0)
        #expect(script.text.contains("attach"))
        let file = files.url.appending(path: "selium.\(shell)")
        try script.output.write(to: file)
        let path = try #require(Self.find(shell), "no \(shell) here; scripts/setup installs it")
        let judged = try await Command.run(path, ["-n", file.path])
        #expect(judged.code == 0, "\(judged.errors)")
        #expect(judged.errors.isEmpty)
    }

    @Test(
        "bash offers commands, their commands, and flags",
        arguments: [
            (["st"], ["start", "stop"]), (["cert", ""], ["init", "issue"]), (["a"], ["attach"]),
            (["ps", "--outp"], ["--output"]), (["completion", ""], ["bash", "zsh", "fish"]),
        ] as [([String], [String])])
    func bash(_ words: [String], _ expected: [String]) async throws {
        let ask = """
            source <("$0" completion bash)
            COMP_WORDS=(selium "$@"); COMP_CWORD=$#; COMP_LINE="selium $*"; COMP_POINT=${#COMP_LINE}
            name=$(complete -p selium | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            "$name" selium "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let offered = try await Command.run("/bin/bash", ["-c", ask, RealServer.selium] + words)
        let lines = offered.text.split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        for word in expected { #expect(lines.contains(word), "\(offered.text)\(offered.errors)") }
    }

    private static func find(_ name: String) -> String? {
        ["/bin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(name)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }
}
