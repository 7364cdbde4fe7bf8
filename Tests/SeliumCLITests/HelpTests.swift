import ArgumentParser
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Help and bad usage", .inTurn(minutes: 2))
struct HelpTests {
    static let commands = [
        "", "start", "stop", "kill", "restart", "rm", "prune", "ps", "status", "inspect", "attach",
        "logs", "events", "wait", "run", "info", "context", "context ls", "context use",
        "context add",
        "context rm", "module", "module push", "module ls", "module inspect", "module rm",
        "module gc", "caps", "caps ls", "cert",
        "cert init",
        "cert issue", "completion",
    ]

    @Test("Every command's help has two examples of itself", arguments: commands)
    func examples(_ command: String) async {
        let words = command.split(separator: " ").map(String.init)
        let outcome = await run(words + ["--help"])
        #expect(outcome.status == .ok)
        let text = outcome.out
        guard let begin = text.firstRange(of: "EXAMPLES") else {
            Issue.record("no examples")
            return
        }
        let prefix = (["selium"] + words).joined(separator: " ")
        let examples = text[begin.upperBound...].split(separator: "\n").prefix(2)
        #expect(examples.count == 2)
        for line in examples {
            #expect(line.contains(prefix) || command.isEmpty && line.contains("selium"))
        }
    }

    @Test("The short way to a command reads what the way over the root reads")
    func shortWay() throws {
        #expect(Set(Selium.leaves.keys).union(Selium.groups.keys) == Set(Selium.names))
        for (name, command) in Selium.leaves {
            #expect(command.configuration.commandName == name)
        }
        for words in [
            ["ps", "-a", "-q", "--port", "7", "-o", "json", "--timeout=3s", "-v"],
            ["start", "x.wasm", "f", "-a", "-5", "-p", "i32", "--port", "1", "--", "-c", "--help"],
            ["attach", "7", "web", "--tail", "all", "--timestamps"], ["stop", "1", "2", "-q"],
            ["wait", "1"], ["wait", "--for", "running", "web"],
            ["wait", "--for", "ready", "web"],
            ["run", "-i", "x.wasm", "--memory", "16M"], ["info", "--show-origin"],
            ["completion", "zsh"], ["kill", "1", "2"], ["restart", "web"], ["rm", "--force", "1"],
            ["logs", "-f", "web", "7", "--since", "5m", "--grep", "-x", "--stream", "stdout"],
            ["events", "-f", "--from", "7", "-o", "jsonl"], ["prune", "-o", "name"],
            ["status", "1"], ["inspect", "1", "web", "-o", "jsonl"],
            ["start", "x.wasm", "--restart", "always:3", "--backoff", "1s..2s", "--rm"],
        ] {
            var (short, long) = ("", "")
            dump(try Program.parse(words), to: &short)
            dump(try Selium.parseAsRoot(words), to: &long)
            #expect(short == long)
            #expect(short.contains("\(type(of: try Program.parse(words)))"))
        }
        // What it cannot read is worded as before, with the whole command's name.
        let error = #expect(throws: (any Error).self) { try Program.parse(["ps", "--port"]) }
        let whole = #expect(throws: (any Error).self) { try Selium.parseAsRoot(["ps", "--port"]) }
        if let error, let whole {
            #expect(Selium.fullMessage(for: error) == Selium.fullMessage(for: whole))
        }
    }

    @Test("Bare selium prints the four commonest commands")
    func bare() async {
        let outcome = await run()
        #expect(outcome.status == .ok)
        let commands = outcome.out.split(separator: "\n").filter { $0.hasPrefix("selium ") }
        #expect(commands.map { $0.split(separator: " ")[1] } == ["start", "ps", "attach", "stop"])
        #expect(outcome.err.isEmpty)
    }

    @Test("An unknown command names the nearest")
    func unknownCommand() async {
        let outcome = await run("strat", "x.wasm")
        #expect(outcome.status == .usage)
        #expect(outcome.err.hasPrefix("error: unknown command 'strat'; did you mean 'start'?\n"))
        #expect(outcome.out.isEmpty)
    }

    @Test("An unknown command of a group names the nearest")
    func unknownSubcommand() async {
        let outcome = await run("cert", "inti")
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("did you mean 'cert init'?"))
    }

    @Test("An unknown flag names the nearest")
    func unknownFlag() async {
        let outcome = await run("start", "x.wasm", "--capabilites", "TimeRead")
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("--capabilities"))
    }

    @Test(
        "A flag of a later version has no neighbour that it could have meant",
        arguments: ["--max-time", "--cpu", "--tables", "--follow"])
    func strangeFlag(_ flag: String) async {
        let outcome = await run("start", "x.wasm", flag)
        #expect(outcome.status == .usage)
        #expect(
            outcome.err
                == "error: unknown option '\(flag)'\nhow it is used: selium start --help\n")
    }

    @Test("help takes the words of a command, and names the nearest of one it does not know")
    func helpWords() async {
        let known = await run("help", "cert", "init")
        #expect(known.status == .ok)
        #expect(known.out.contains("selium cert init"))
        let unknown = await run("help", "strat")
        #expect(unknown.status == .usage)
        #expect(unknown.err.hasPrefix("error: unknown command 'strat'; did you mean 'start'?\n"))
        #expect(await run("help", "cert", "nope").status == .usage)
    }

    @Test("An unknown capability names the nearest")
    func unknownCapability() async {
        let outcome = await run("start", "x.wasm", "--capabilities", "TimeReed")
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("unknown capability 'TimeReed'; did you mean 'TimeRead'?"))
    }

    @Test(
        "Flags and commands of later versions are unknown, never ignored",
        arguments: [
            ["run", "x.wasm", "--rm"], ["start", "x.wasm", "--dir", "/srv"],
            ["start", "x.wasm", "--max-time", "1s"],
            ["start", "x.wasm", "--log-uri", "x"], ["start", "x.wasm", "--cpu", "1"],
            ["ps", "--watch"],
            ["signal", "7"], ["inspect"], ["logs", "7", "--level", "warn"],
            ["prune", "--filter", "a=b"],
            ["channel", "ls"],
            ["caps", "explain"], ["module", "pull", "x"], ["module", "rm"],
            ["module", "rm", "a/b"],
            ["module", "inspect", "sha256:7"], ["context", "show"],
            ["run", "x.wasm", "--context", "x"],
            ["context", "add", "x", "--domain", "h", "--context", "y"], ["context", "use"],
            ["context", "use", "x", "--none"], ["context", "add", "x"], ["context", "add", "7"],
            ["cert", "revoke", "x"],
            ["attach", "7", "--raw"], ["info", "--policy", "x"],
        ])
    func later(_ arguments: [String]) async {
        let outcome = await run(arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.out.isEmpty)
    }

    @Test("An error under json is one JSON line on stderr")
    func jsonError() async {
        let outcome = await run("-o", "json", "strat")
        #expect(outcome.status == .usage)
        #expect(
            outcome.err.hasPrefix(
                #"{"schema":"selium.error/1","code":64,"message":"unknown command 'strat'"#))
        #expect(outcome.err.split(separator: "\n").count == 1)
    }

    @Test("--version says name and version", arguments: [["--version"], ["ps", "--version"]])
    func version(_ arguments: [String]) async {
        let outcome = await run(arguments)
        #expect(outcome.status == .ok)
        #expect(outcome.out == "selium \(Selium.version)\n")
    }

    @Test("A closed stdout ends a command with 141 and no word")
    func closedOutput() async {
        let outcome = await run(["caps", "ls"], closedOut: true)
        #expect(outcome.status == .closedOutput)
        #expect(outcome.err.isEmpty)
    }

    @Test("There is a completion script for each shell", arguments: ["bash", "zsh", "fish"])
    func completion(_ shell: String) async {
        let outcome = await run("completion", shell)
        #expect(outcome.status == .ok)
        #expect(outcome.out.contains("selium"))
        #expect(await run("completion", "tcsh").status == .usage)
    }
}
