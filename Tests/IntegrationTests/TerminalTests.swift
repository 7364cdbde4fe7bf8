import Foundation
import SeliumTesting
import Testing

@Suite("In front of a person", .inTurn(minutes: 5))
struct TerminalTests {
    private let clearLine = "\r\u{1b}[K"

    @Test("an upload says how far it is in one line, which is gone when the program speaks")
    func progress() async throws {
        try await RealServer.withServer { server in
            let module = try LargeModule.write(
                to: server.directory, as: "large.wasm", size: 3 << 20)
            let starting = try TerminalCommand(
                RealServer.selium, ["start", module], environment: server.environment)
            let (screen, code) = await starting.end()
            #expect(code == 0, "\(screen)")
            #expect(screen.contains("\(clearLine)uploading large.wasm: "), "\(screen)")
            #expect(screen.contains("(100 %)"), "\(screen)")
            // The last thing before the result takes the line away.
            #expect(screen.hasSuffix("\(clearLine)Started process (id=1)\r\n"), "\(screen)")
            let quiet = try TerminalCommand(
                RealServer.selium, ["start", module, "-q"], environment: server.environment)
            #expect(await quiet.end().screen == "Started process (id=2)\r\n")
        }
    }

    @Test("Ctrl-C leaves the program alone and says how to come back to it")
    func interrupt() async throws {
        let guest = try await Checkout.guest("loop")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest).code == 0)
            let watching = try TerminalCommand(
                RealServer.selium, ["attach", "1", "--tail", "all"],
                environment: server.environment)
            #expect(await watching.screen(until: "here I go").contains("here I go"))
            watching.signal(SIGINT)
            let (screen, code) = await watching.end()
            #expect(code == 130)
            #expect(
                screen
                    == "here I go\r\nprocess 1 goes on · selium attach 1 · selium stop 1\r\n")
            #expect(try await server.selium("ps", "-q").text == "1\n")
        }
    }

    @Test("with -i what is typed reaches the program, and Ctrl-] leaves it without Return")
    func detachKey() async throws {
        let guest = try await Checkout.guest("upper")
        try await RealServer.withServer { server in
            let starting = try TerminalCommand(
                RealServer.selium, ["start", guest, "--attach", "-i"],
                environment: server.environment)
            #expect(await starting.screen(until: "(id=1)").contains("(id=1)"))
            starting.type("hello\n")
            #expect(await starting.screen(until: "HELLO").contains("HELLO"))
            starting.type("\u{1d}")
            let (screen, code) = await starting.end()
            #expect(code == 0, "\(screen)")
            #expect(
                screen.hasSuffix(
                    "HELLO\r\nprocess 1 goes on · selium attach 1 · selium stop 1\r\n"),
                "\(screen)")
            #expect(try await server.selium("ps", "-q").text == "1\n")
            // The next one sends on, and Ctrl-D is the end of the program's input.
            let again = try TerminalCommand(
                RealServer.selium, ["attach", "1", "-i", "--tail", "0"],
                environment: server.environment)
            again.type("more\n")
            #expect(await again.screen(until: "MORE").contains("MORE"))
            again.type("\u{04}")
            let (rest, end) = await again.end()
            #expect(end == 0, "\(rest)")
            #expect(rest == "MORE\r\n")
        }
    }

    @Test("a program's control characters reach a pipe, and of a terminal only colours")
    func controlCharacters() async throws {
        let script = #"print('a\x1b]0;title\x07b\x1b[2Jc\x1b[31mred\x1b[0m\td')"#
        let raw = "a\u{1b}]0;title\u{07}b\u{1b}[2Jc\u{1b}[31mred\u{1b}[0m\td\n"
        try await RealServer.withServer { server in
            let arguments = [
                "start", Checkout.microPython, "--attach", "--stream", "stdout", "-q", "--", "-c",
                script,
            ]
            let piped = try await Command.run(
                RealServer.selium, arguments, environment: server.environment)
            #expect(piped.text == raw, "\(piped.errors)")
            let shown = try TerminalCommand(
                RealServer.selium, arguments, environment: server.environment)
            let (screen, code) = await shown.end()
            #expect(code == 0)
            // Each other one is there to be read, and none of it does anything.
            let expected =
                #"a\u{1b}]0;title\u{7}b\u{1b}[2Jc"#
                + "\u{1b}[31mred\u{1b}[0m\td\r\n\u{1b}[0m"
            #expect(screen == expected)
        }
    }
}
