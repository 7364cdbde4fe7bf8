import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Flags that are given twice", .inTurn(minutes: 2))
struct RepeatedFlagsTests {
    /// The flags with a value in a command's help, each by one name.
    private static func valued(_ command: String) async -> [String] {
        let words = command.split(separator: " ").map(String.init)
        let help = await run(words + ["--help"])
        return help.out.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("  -"), line.contains(" <") else { return nil }
            let names = line.split(separator: "<")[0].split(separator: ",")
            return names.last?.split(separator: " ").first.map(String.init)
        }
    }

    @Test(
        "Help names no flag with a value that this list does not know",
        arguments: HelpTests.commands)
    func complete(_ command: String) async {
        for flag in await Self.valued(command) {
            let isKnown = RepeatedFlags.single[flag] != nil || RepeatedFlags.several.contains(flag)
            #expect(isKnown, "\(command) \(flag)")
        }
    }

    @Test("One value means one, in whatever form, before or after the command")
    func refused() async {
        let cases: [([String], String)] = [
            (["start", "x.wasm", "--name", "a", "--name", "b"], "--name"),
            (["start", "x.wasm", "--name=a", "--memory", "1M", "--name", "b"], "--name"),
            (["--port", "a", "ps", "--port", "b"], "--port"),
            (["ps", "-o", "a", "--output", "b"], "--output"),
            (["attach", "7", "--tail", "a", "--tail=b"], "--tail"),
            (["cert", "init", "--dir", "a", "--dir", "b"], "--dir"),
        ]
        for (arguments, flag) in cases {
            let outcome = await run(arguments)
            #expect(outcome.status == .usage)
            #expect(
                outcome.err == "error: \(flag) is given twice: 'a' and 'b'\nit takes one value\n")
        }
    }

    @Test(
        "What adds up may be given often, a value may look like a flag, and behind -- all is the program's"
    )
    func allowed() throws {
        for arguments in [
            ["start", "x", "--env", "--name", "--name", "a"],
            [
                "start", "x", "-a", "i32:1", "-a", "i32:1", "--stream", "stdout", "--stream",
                "stderr",
            ],
            ["start", "x", "--name", "a", "--", "--name", "b", "--name", "c"],
            ["start", "x", "--name", "--name"],
        ] {
            try RepeatedFlags.check(arguments)
        }
    }
}
