import ArgumentParser
import Glibc
import SeliumClient
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("The flags of start", .inTurn(minutes: 2))
struct StartFlagsTests {
    private func parse(_ arguments: String...) throws -> Start {
        try #require(try Selium.parseAsRoot(["start"] + arguments) as? Start)
    }

    @Test("The line the project has always published parses")
    func seed() throws {
        let start = try parse(
            "hello.wasm", "some_entrypoint", "--capabilities",
            "ChannelLifecycle,ChannelReader,ChannelWriter")
        #expect(start.start.module == "hello.wasm")
        let options = try start.start.options([:])
        #expect(options.entrypoint == "some_entrypoint")
        #expect(options.capabilities == [.channelLifecycle, .channelReader, .channelWriter])
    }

    @Test("Values may begin with a dash")
    func dashes() throws {
        let start = try parse(
            "x.wasm", "-p", "i32", "-a", "-5", "--env", "-X=-1", "--", "-c", "print(1)", "--help")
        let options = try start.start.options([:])
        #expect(options.arguments == [StartArgument(.i32(-5), text: "-5")])
        #expect(options.environment == [EnvironmentVariable(name: "-X", value: "-1")])
        #expect(options.argv == ["-c", "print(1)", "--help"])
    }

    @Test("What is said about restarts is sent as values; what is not said stays unsaid")
    func supervision() throws {
        let said = try parse(
            "x.wasm", "--restart", "on-failure:5", "--backoff", "100ms..1.5s", "--reset-after",
            "1m", "--restart-limit", "3/10m", "--no-restart-on", "64,78", "--stop-timeout", "0",
            "--rm")
        #expect(
            try said.start.options([:]).supervision
                == Supervision(
                    restart: .onFailure(most: 5),
                    backoff: .init(.milliseconds(100), .milliseconds(1_500)),
                    resetAfter: .seconds(60), limit: .init(3, within: .seconds(600)),
                    noRestartOn: [64, 78], stopTimeout: .zero))
        #expect(said.rm)
        #expect(try parse("x.wasm").start.options([:]).supervision == Supervision())
        let none = try parse("x.wasm", "--restart", "no", "--restart-limit", "none")
        #expect(try none.start.options([:]).supervision == Supervision(restart: .no))
        let always = try parse("x.wasm", "--restart", "always")
        #expect(try always.start.options([:]).supervision.restart == .always())
    }

    @Test(
        "Words about restarts that are none are bad usage",
        arguments: [
            ["--restart", "sometimes"], ["--restart", "no:5"], ["--restart", "always:"],
            ["--restart", "on-failure:-1"], ["--backoff", "1s"], ["--backoff", "x..y"],
            ["--reset-after", "soon"], ["--restart-limit", "5"], ["--restart-limit", "/1m"],
            ["--no-restart-on", "1,,2"], ["--no-restart-on", "x"], ["--stop-timeout", "-1"],
            ["--restart", "no", "--restart", "always"], ["--dry-run", "--rm"],
        ])
    func refusedSupervision(_ arguments: [String]) async {
        let outcome = await run(["start", "x.wasm"] + arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.out.isEmpty)
    }

    @Test("Without -p every argument says its type")
    func typed() throws {
        let start = try parse(
            "x.wasm", "f", "-a", "utf-8:a:b", "-a", "u16:7000", "-a", "buffer:hex:00ff", "-a",
            "f64:1.5", "-r", "i64")
        let options = try start.start.options([:])
        #expect(
            options.arguments.map(\.value) == [
                .utf8("a:b"), .u16(7000), .buffer([0, 255]), .f64(1.5),
            ])
        #expect(options.arguments.map(\.text) == ["a:b", "7000", "hex:00ff", "1.5"])
        #expect(options.results == [.i64])
    }

    @Test("Infinity is a value for who spells it", arguments: ["inf", "-Infinity", "nan"])
    func infinity(_ text: String) throws {
        let options = try parse("x.wasm", "f", "-a", "f64:\(text)").start.options([:])
        guard case .f64(let value)? = options.arguments.first?.value else {
            Issue.record("no f64")
            return
        }
        #expect(!value.isFinite)
    }

    @Test("All of a log begins with its first record, so that a lost one is told")
    func tail() throws {
        #expect(try PositionFlags.position(tail: "all", from: nil, .tail(10)) == .sequence(1))
        #expect(try PositionFlags.position(tail: nil, from: nil, .tail(10)) == .tail(10))
        #expect(try PositionFlags.position(tail: "3", from: nil, .tail(10)) == .tail(3))
        #expect(try PositionFlags.position(tail: nil, from: "7", .tail(10)) == .sequence(7))
        for (tail, from) in [("all", "1"), ("x", nil), (nil, "0")] as [(String?, String?)] {
            #expect(throws: CommandError.self) {
                try PositionFlags.position(tail: tail, from: from, .tail(10))
            }
        }
    }

    @Test(
        "An argument that does not fit is refused and quoted",
        arguments: [
            ["-a", "5"], ["-a", "i8:200"], ["-a", "u8:-1"], ["-a", "f32:x"],
            ["-a", "f32:1e39"], ["-a", "f64:-1e400"],
            ["-a", "buffer:hex:0"],
            ["-a", "resource:1"], ["-p", "i32"], ["-p", "int", "-a", "5"], ["-r", "resource"],
            ["--memory", "lots"], ["--memory", "0"], ["--name", "7"], ["--name", "a/b"],
            ["--name", ""],
            ["--env", "=x"], ["--env", "NOT_SET_HERE"], ["-c", "Nope=1"],
            ["--capabilities", "TimeRead,,EnvRead"],
            ["--capabilities", "Nothing*"],
        ])
    func refused(_ arguments: [String]) async {
        let outcome = await run(["start", "x.wasm"] + arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.err.hasPrefix("error: "))
    }

    @Test("Sets are expanded by the command, and shown")
    func sets() throws {
        let start = try parse("x.wasm", "--capabilities", "wasi,NetHttp*", "-c", "EnvRead=A,B")
        let list = try start.start.grants()
        #expect(
            list.entries.map(\.text) == [
                "TimeRead", "NetHttpBind", "NetHttpAccept", "NetHttpConnect", "NetHttpRead",
                "NetHttpWrite", "EnvRead=A,B",
            ])
        #expect(list.expandedSets == ["wasi", "NetHttp*"])
    }

    @Test("--env NAME takes the command's own variable, and it is sensitive")
    func ownVariable() throws {
        let start = try parse("x.wasm", "--env", "TOKEN", "--env", "A=1", "--env", "A=2")
        let options = try start.start.options(["TOKEN": "s"])
        #expect(
            options.environment == [
                EnvironmentVariable(name: "TOKEN", value: "s", isSensitive: true),
                EnvironmentVariable(name: "A", value: "2"),
            ])
    }

    @Test("--env-file: lines as they are, LF or CR LF; the last file and then the flags win")
    func environmentFiles() throws {
        let first = try EnvironmentFile("# a comment\r\nA=1\r\n\r\nB= b=\"c\" \r\n")
        let second = try EnvironmentFile("A=2\nC=\nD=from the file")
        let start = try parse(
            "x.wasm", "--env", "D=flag", "--env-file", first.path, "--env-file", second.path)
        let options = try start.start.options([:])
        #expect(
            options.environment == [
                EnvironmentVariable(name: "B", value: " b=\"c\" ", isSensitive: true),
                EnvironmentVariable(name: "A", value: "2", isSensitive: true),
                EnvironmentVariable(name: "C", value: "", isSensitive: true),
                EnvironmentVariable(name: "D", value: "flag"),
            ])
    }

    @Test(
        "--env-file: what is no variable is named by file and line",
        arguments: [("A=1\n\nnonsense\n", 3), ("=x", 1), ("A=1\r\n=\r\n", 2)])
    func wrongEnvironmentFile(_ text: String, _ line: Int) throws {
        let file = try EnvironmentFile(text)
        let start = try parse("x.wasm", "--env-file", file.path)
        let error = #expect(throws: CommandError.self) { try start.start.options([:]) }
        #expect(error?.status == .invalidData)
        #expect(error?.message == "\(file.path):\(line): expected NAME=VALUE")
    }

    @Test("--env-file: a file that cannot be read, is too large, or is no text is 66")
    func unreadableEnvironmentFile() throws {
        let large = try EnvironmentFile(String(repeating: "#", count: (1 << 20) + 1))
        for (path, reason) in [
            ("/nonexistent/env", "No such file or directory"), ("/", "Is a directory"),
            (large.path, "it is larger than 1048576 bytes"),
        ] {
            let start = try parse("x.wasm", "--env-file", path)
            let error = #expect(throws: CommandError.self) { try start.start.options([:]) }
            #expect(error?.status == .noInput)
            #expect(error?.message == "cannot read \(path): \(reason)")
        }
    }

    @Test("--dry-run starts nothing to attach to", arguments: [["--attach"], ["-i"]])
    func dryRun(_ more: [String]) async {
        #expect(await run(["start", "x.wasm", "--dry-run"] + more).status == .usage)
    }

    @Test(
        "A file that is not there is 66 when it cannot be a name",
        arguments: ["./no.wasm", "no/such.wasm", "/no.wasm"])
    func missingFile(_ path: String) async {
        let outcome = await run("start", path)
        #expect(outcome.status == .noInput)
        #expect(outcome.err == "error: no file \(path)\n")
    }

    @Test(
        "run knows files only, and speaks of nothing else", arguments: ["nope.wasm", "sha256:abc"])
    func runKnowsFiles(_ word: String) async {
        let outcome = await run("run", word)
        #expect(outcome.status == .noInput)
        #expect(outcome.err == "error: no file \(word)\n")
    }

    @Test(
        "A word that can be no id and no name is refused before anybody is asked",
        arguments: ["", "a b", "/x", "a/", "a/b/c", "99999999999999999999999", "-"])
    func noProcess(_ word: String) async {
        for command in ["stop", "attach", "wait"] {
            let outcome = await run(command, word)
            #expect(outcome.status == .usage)
            #expect(outcome.err.contains("'\(word)'"), "\(outcome.err)")
        }
    }

    @Test("An empty entrypoint is none", arguments: ["start", "run"])
    func emptyEntrypoint(_ command: String) async {
        let outcome = await run(command, "x.wasm", "")
        #expect(outcome.status == .usage)
        #expect(
            outcome.err
                == "error: the entrypoint is empty\nleave it out to call start, else _start\n")
    }

    @Test(
        "-q is ids, and json is rows: both at once is neither",
        arguments: ["json", "jsonl", "table"])
    func quietRows(_ format: String) async {
        let outcome = await run("ps", "-q", "-o", format)
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("-q prints ids, --output \(format) whole rows"))
    }

    @Test(
        "What a program writes has no name",
        arguments: [["attach", "7"], ["start", "x", "--attach"]])
    func streamsHaveNoName(_ command: [String]) async {
        let outcome = await run(command + ["-o", "name"])
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("--output name"))
        #expect(outcome.err.contains("jsonl"))
    }

    @Test("A word that is no digest is refused")
    func digest() async {
        #expect(await run("start", "sha256:abc").status == .usage)
    }

    @Test(
        "run has no use for a server",
        arguments: ["--domain", "--port", "--cert-dir", "--server-name", "--context"])
    func runIsLocal(_ flag: String) async {
        let outcome = await run("run", "x.wasm", flag, "7")
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains(flag))
    }

    @Test("A stream is no JSON document")
    func streamsAreLines() async {
        let outcome = await run("attach", "7", "--output", "json")
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains("jsonl"))
    }

    @Test("Without certificates nothing is connected", arguments: ["ps", "info"])
    func noCertificates(_ command: String) async {
        let outcome = await run(command, "--cert-dir", "/nonexistent/certs")
        #expect(outcome.status == .badConfiguration)
        #expect(
            outcome.err
                == "error: no certificates in /nonexistent/certs\nto make them: selium cert init\n")
    }
}

/// A file of variables that goes with the test.
private final class EnvironmentFile {
    let path: String

    init(_ text: String) throws {
        var template = Array("/tmp/selium-env-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        try #require(descriptor >= 0)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let bytes = Array(text.utf8)
        let written = unsafe write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
    }

    deinit { _ = unsafe unlink(path) }
}
