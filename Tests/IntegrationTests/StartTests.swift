import Foundation
import SeliumTesting
import Testing

@Suite("What is started, and several at once", .inTurn(minutes: 5))
struct StartTests {
    private let lines =
        "Hello, Ada, from C\nstdout is a stream of lines\nand the exit code is mine\n"

    @Test("the environment comes from files, then from flags, and nothing else")
    func environmentFile() async throws {
        let script = "import os\nfor n in 'ABCDH': print(n, os.getenv(n))"
        try await RealServer.withServer { server in
            let file = server.directory.appending(path: "vars.env")
            try Data("# first\nA=file\nB=a=b c\n\nC=\"kept\"\r\n".utf8).write(to: file)
            let result = try await server.selium(
                "start", Checkout.microPython, "--attach", "--env", "A=flag", "--env-file",
                file.path, "--env", "D=", "--", "-c", script)
            #expect(
                result.text == "A flag\nB a=b c\nC \"kept\"\nD \nH None\n", "\(result.errors)")
            try Data("A=1\nnonsense\n".utf8).write(to: file)
            let wrong = try await server.selium(
                "start", Checkout.microPython, "--env-file", file.path)
            #expect(wrong.code == 65)
            #expect(wrong.errors == "error: \(file.path):2: expected NAME=VALUE\n")
            let missing = try await server.selium(
                "start", Checkout.microPython, "--env-file", "nowhere.env")
            #expect(missing.code == 66)
            #expect(missing.errors == "error: cannot read nowhere.env: No such file or directory\n")
        }
    }

    @Test("-v says where the server was reached and what is sent")
    func verbose() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            let started = try await server.selium("-v", "start", guest, "--", "Ada")
            #expect(started.code == 0)
            #expect(started.errors.contains("connected"), "\(started.errors)")
            #expect(started.errors.contains("sending the module"), "\(started.errors)")
            let again = try await server.selium("-v", "start", guest, "--", "Ada")
            #expect(!again.errors.contains("sending the module"), "\(again.errors)")
        }
    }

    @Test("what a module begins with is judged before there is a process, dry run or not")
    func judgedBefore() async throws {
        try await RealServer.withServer { server in
            let table = server.directory.appending(path: "table.wasm")
            // (table 500000 funcref)
            try Data(SmallGuest.idle(with: 4, [1, 0x70, 0, 0xa0, 0xc2, 0x1e])).write(to: table)
            let memory = server.directory.appending(path: "memory.wasm")
            // (memory 3000), exported under no name
            try Data(SmallGuest.idle(with: 5, [1, 0, 0xb8, 0x17])).write(to: memory)
            for (file, word) in [(table, "processTableElements"), (memory, "--memory 192000KiB")] {
                for more in [[], ["--dry-run"]] {
                    let refused = try await Command.run(
                        RealServer.selium, ["start", file.path] + more,
                        environment: server.environment)
                    #expect(refused.code == 65, "\(refused.errors)")
                    #expect(refused.errors.contains(word), "\(refused.errors)")
                    #expect(refused.text.isEmpty)
                }
            }
            #expect(try await server.selium("ps", "-a", "-q").text.isEmpty)
            let started = try await server.selium(
                "start", memory.path, "--attach", "--memory", "192000KiB")
            #expect(started.code == 0, "\(started.errors)")
        }
    }

    @Test("attach to two: each line with its process, the first that did not end well decides")
    func severalProcesses() async throws {
        let guest = try await Checkout.guest("hello-c")
        try await RealServer.withServer { server in
            #expect(try await server.selium("start", guest, "--", "Ada").code == 0)
            let other = try await server.selium(
                "start", Checkout.microPython, "--name", "other", "--", "-c",
                "print('one')\nprint('two')\nraise SystemExit(3)")
            #expect(other.code == 0)
            let expected = Set(
                ["one", "two"].map { "[2] \($0)" }
                    + lines.split(separator: "\n").map { "[1] \($0)" })
            for (words, code) in [(["1", "other"], 7), (["other", "1"], 3)] as [([String], Int32)] {
                let watched = try await Command.run(
                    RealServer.selium, ["attach"] + words + ["--tail", "all"],
                    environment: server.environment)
                let shown = watched.text.split(separator: "\n").map(String.init)
                #expect(Set(shown) == expected, "\(watched.text)\(watched.errors)")
                #expect(shown.count == expected.count)
                // Of each process in its own order.
                #expect(
                    shown.filter { $0.hasPrefix("[1]") }
                        == lines.split(separator: "\n").map { "[1] \($0)" })
                #expect(watched.code == code)
            }
            let missing = try await server.selium("attach", "1", "99")
            #expect(missing.code == 3, "\(missing.errors)")
        }
    }
}
