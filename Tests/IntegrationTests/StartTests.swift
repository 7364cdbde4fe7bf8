import Foundation
import Testing

@Suite("What is started, and several at once", .timeLimit(.minutes(5)))
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
