import Foundation
import SeliumTesting
import Testing

@testable import SeliumCLI

/// A home directory for the time of a test.
private struct Home {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "selium-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    var file: URL { url.appending(path: ".config/selium/contexts.yaml") }
    var environment: [String: String] { ["HOME": url.path] }

    func write(_ text: String, mode: Int = 0o600) throws {
        let directory = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    func mode(_ url: URL) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        return attributes[.posixPermissions] as? Int
    }

    /// Runs a command with this home.
    func run(_ arguments: String..., variables: [String: String] = [:]) async -> Outcome {
        await SeliumCLITests.run(arguments, environment: environment.merging(variables) { $1 })
    }
}

@Suite("Contexts", .inTurn(minutes: 2))
struct ContextTests {
    @Test("add, ls, use and rm: what they print, and what they leave in the file")
    func commands() async throws {
        let home = try Home()
        defer { home.remove() }
        #expect(await home.run("context", "ls", "-o", "name").out.isEmpty)
        let added = await home.run(
            "context", "add", "prod", "--domain", "build.example.com", "--port", "7001",
            "--cert-dir", "/etc/my certs", "--server-name", "build")
        #expect(added.status == .ok, "\(added.err)")
        #expect(added.out == "Added context prod\n")
        #expect(added.err == "note: /etc/my certs has no client.crt yet\n")
        #expect(await home.run("context", "add", "lab", "--domain", "::1", "-q").status == .ok)
        #expect(
            try String(contentsOf: home.file, encoding: .utf8) == """
                # Written by `selium context`, which keeps no comments.
                contexts:
                  lab:
                    domain: "::1"
                  prod:
                    domain: build.example.com
                    port: 7001
                    cert-dir: "/etc/my certs"
                    server-name: build

                """)
        #expect(try home.mode(home.file) == 0o600)
        #expect(try home.mode(home.file.deletingLastPathComponent()) == 0o700)
        #expect(await home.run("context", "use", "prod").out == "Using context prod\n")
        #expect(
            await home.run("context", "ls").out == """
                   NAME  DOMAIN             PORT  CERT-DIR       SERVER-NAME
                   lab   ::1                -     -              -
                *  prod  build.example.com  7001  /etc/my certs  build

                """)
        let json = await home.run("context", "ls", "-o", "jsonl").out
        #expect(
            json == """
                {"schema":"selium.contexts/1","file":"\(home.file.path)","current":"prod","contexts":[\
                {"name":"lab","domain":"::1","port":null,"certDir":null,"serverName":null},\
                {"name":"prod","domain":"build.example.com","port":7001,"certDir":"/etc/my certs",\
                "serverName":"build"}]}

                """)
        let removed = await home.run("context", "rm", "prod")
        #expect(removed.out == "Removed context prod\n")
        #expect(removed.err == "note: no context is in use now\n")
        #expect(await home.run("context", "ls", "-o", "name").out == "lab\n")
        #expect(
            await home.run("context", "use", "--none", "-o", "jsonl").out
                == "{\"schema\":\"selium.context/1\",\"name\":null}\n")
    }

    @Test("Names that are taken, missing or no names are refused, and nothing is written")
    func refusals() async throws {
        let home = try Home()
        defer { home.remove() }
        #expect(await home.run("context", "add", "lab", "--domain", "h").status == .ok)
        let before = try Data(contentsOf: home.file)
        let taken = await home.run("context", "add", "lab", "--domain", "other")
        #expect(taken.status == .conflict)
        #expect(
            taken.err == """
                error: there is a context 'lab' already
                to make it anew: selium context rm lab

                """)
        for command in ["use", "rm"] {
            let missing = await home.run("context", command, "prod")
            #expect(missing.status == .notFound)
            #expect(missing.err == "error: no context 'prod'\nthere is: lab\n")
        }
        #expect(await home.run("context", "add", "a/b", "--domain", "h").status == .usage)
        #expect(
            await home.run("context", "add", "b", "--domain", "h", "--port", "0").status == .usage)
        #expect(await home.run("context", "add", "b", "--domain", "a\nb").status == .usage)
        #expect(await run("context", "ls").status == .badConfiguration)
        #expect(try Data(contentsOf: home.file) == before)
    }

    @Test("Flag, variable, context, default: in this order, and show-origin says who won")
    func precedence() async throws {
        let home = try Home()
        defer { home.remove() }
        try home.write(
            """
            current: prod   # the usual one
            contexts:
              prod:
                domain: p.example
                port: 7001
                cert-dir: /p
              lab:
                domain: "l.example"
            """)
        func settings(
            _ flags: [String: String] = [:], _ variables: [String: String] = [:]
        ) throws -> Settings {
            try Settings(
                flags: flags, environment: home.environment.merging(variables) { $1 })
        }
        let implied = try settings()
        #expect(implied.domain == "p.example")
        #expect(implied.port == 7001)
        #expect(implied.certificateDirectory == "/p")
        #expect(implied.timeout == .seconds(10))
        let mixed = try settings(["port": "1"], ["SELIUM_DOMAIN": "v.example"])
        #expect(mixed.domain == "v.example")
        #expect(mixed.port == 1)
        #expect(mixed.certificateDirectory == "/p")
        let variable = try settings([:], ["SELIUM_CONTEXT": "lab"])
        #expect(variable.domain == "l.example")
        #expect(variable.port == 7000)
        #expect(try settings(["context": "prod"], ["SELIUM_CONTEXT": "lab"]).port == 7001)
        let shown = await home.run(
            "--port", "1", "info", "--show-origin", variables: ["SELIUM_CERT_DIR": "/v"])
        let rows = shown.out.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        #expect(rows.contains("domain p.example context (prod)"), "\(rows)")
        #expect(rows.contains("port 1 flag"))
        #expect(rows.contains("cert-dir /v environment (SELIUM_CERT_DIR)"))
        #expect(rows.contains("context prod file (\(home.file.path))"))
        let given = await home.run("--context", "lab", "info", "--show-origin", "-o", "jsonl")
        #expect(
            given.out.contains(
                #"{"name":"context","value":"lab","origin":"flag","variable":"SELIUM_CONTEXT"}"#))
        #expect(
            given.out.contains(
                #"{"name":"domain","value":"l.example","origin":"context","variable":"SELIUM_DOMAIN"}"#
            ))
    }

    @Test("A context that is not there fails what connects, and nothing else")
    func missing() async throws {
        let home = try Home()
        defer { home.remove() }
        for outcome in [
            await home.run("ps", "--context", "prod"),
            await home.run("ps", variables: ["SELIUM_CONTEXT": "prod"]),
        ] {
            #expect(outcome.status == .badConfiguration)
            #expect(
                outcome.err == """
                    error: no context 'prod' in \(home.file.path)
                    there are none; to make one: selium context add NAME --domain HOST

                    """)
        }
        #expect(await run("ps", "--context", "prod").status == .badConfiguration)
        for words in [["caps", "ls"], ["completion", "bash"], ["context", "ls"], []] {
            let outcome = await run(
                words, environment: home.environment.merging(["SELIUM_CONTEXT": "prod"]) { $1 })
            #expect(outcome.status == .ok, "\(words)")
        }
    }

    @Test(
        "A bad file is told with its path, the line and what was expected",
        arguments: [
            ("current: prod\n", 1, "the name of a context that is in the file"),
            ("# fine\n\nprod\n", 3, "'key: value', or 'name:' with lines below it"),
            ("contexts:\n  prod:\n\tdomain: h\n", 3, "text without tabs and other control"),
            ("contexts:\n  prod:\n    domain: h\n    port: 0\n", 4, "a port (1–65535)"),
            (
                "contexts:\n  prod:\n    domain: h\n    prot: 1\n", 4,
                "one of domain, port, cert-dir"
            ),
            ("contexts:\n  prod:\n    cert-dir: certs\n", 3, "an absolute path"),
            ("contexts:\n  prod:\n    port: 1\n", 2, "'domain: HOST' below 'prod:'"),
            ("contexts:\n  prod:\n    domain: a\n    domain: b\n", 4, "'domain' once"),
            ("contexts:\n  prod:\n    domain: a\n  prod:\n", 4, "another name: there is"),
            ("contexts:\n  7:\n", 2, "a context's name and ':'"),
            ("contexts:\n   prod:\n", 2, "no indentation, 2 spaces before a name"),
            ("  prod:\n", 1, "no indentation, 2 spaces before a name"),
            ("contexts:\n  prod:\n    domain: a b\n", 3, "one word, or text in double quotes"),
            ("contexts:\n  prod:\n    domain: \"a\n", 3, "one word, or text in double quotes"),
            ("contexts:\n  prod:\n    domain: \"a\"b\n", 3, "one word, or text in double quotes"),
            ("contexts:\n  prod:\n    domain: 'a'\n", 3, "one word, or text in double quotes"),
            ("contexts:\n  prod:\n    domain: \"a\\n\"\n", 3, "\\\" or \\\\ behind a backslash"),
            ("contexts:\ncontexts:\n", 2, "'current: NAME', then 'contexts:'"),
            ("contexts:\ncurrent: a\n", 2, "'current: NAME', then 'contexts:'"),
            ("timeout: 3s\n", 1, "'current: NAME', then 'contexts:'"),
        ])
    func badFile(_ text: String, _ line: Int, _ expected: String) async throws {
        let home = try Home()
        defer { home.remove() }
        try home.write(text)
        for words in [["ps"], ["context", "ls"], ["context", "add", "x", "--domain", "h"]] {
            let outcome = await run(words, environment: home.environment)
            #expect(outcome.status == .badConfiguration)
            #expect(
                outcome.err.hasPrefix("error: \(home.file.path):\(line): expected \(expected)"),
                "\(outcome.err)")
        }
        #expect(try String(contentsOf: home.file, encoding: .utf8) == text)
    }

    @Test("A file that would be too large to be read again is not written")
    func tooLarge() async throws {
        let home = try Home()
        defer { home.remove() }
        let long = "/" + String(repeating: "a", count: 30_000)
        for name in ["one", "two"] {
            let added = await home.run(
                "context", "add", name, "--domain", "h", "--cert-dir", long, "-q")
            #expect(added.status == .ok, "\(added.err)")
        }
        let third = await home.run(
            "context", "add", "three", "--domain", "h", "--cert-dir", long, "-q")
        #expect(third.status == .conflict)
        #expect(
            third.err == """
                error: \(home.file.path) would be larger than 64 KiB
                to make room: selium context rm NAME

                """)
        #expect(await home.run("context", "ls", "-o", "name").out == "one\ntwo\n")
    }

    @Test("A file that others may write is not taken")
    func writableByOthers() async throws {
        let home = try Home()
        defer { home.remove() }
        try home.write("contexts:\n", mode: 0o666)
        let outcome = await home.run("ps")
        #expect(outcome.status == .badConfiguration)
        #expect(
            outcome.err == """
                error: \(home.file.path) is writable by others (0666)
                fix: chmod go-w \(home.file.path)

                """)
    }

    @Test("Whatever a context says is read as it was written")
    func roundTrip() throws {
        var file = ContextFile()
        for (index, path) in [
            "/", "/a b", "/a\"b\\c", "/a: b", "/ä #c", "/~", "/a'b", "/a ",
        ].enumerated() {
            var context = SavedContext(name: "c\(index)", domain: "h\(index):x")
            context.certificateDirectory = path
            file.add(context)
        }
        file.current = "c3"
        #expect(try ContextFile(file.text) == file)
    }

    @Test("Commands that change the file at the same time lose nothing")
    func concurrent() async throws {
        let home = try Home()
        defer { home.remove() }
        await withTaskGroup(of: ExitStatus.self) { group in
            for index in 0..<8 {
                group.addTask {
                    await home.run("context", "add", "c\(index)", "--domain", "h").status
                }
            }
            for await status in group { #expect(status == .ok) }
        }
        let names = await home.run("context", "ls", "-o", "name").out
        #expect(names.split(separator: "\n").count == 8)
    }
}
