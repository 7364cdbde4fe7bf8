import Glibc
import SeliumClient
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Which lines of a log are shown", .inTurn())
struct LineTests {
    @Test(
        "A time is read back as it is written, with fractions and offsets",
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0),
            ("2026-11-21T14:05:09Z", 1_795_269_909_000_000_000),
            ("2026-11-21T14:05:09.5Z", 1_795_269_909_500_000_000),
            ("2026-11-21T16:05:09.123456789+02:00", 1_795_269_909_123_456_789),
            ("2026-11-21T08:35:09-05:30", 1_795_269_909_000_000_000),
            ("2024-02-29", 1_709_164_800_000_000_000), ("1969-12-31T23:59:59Z", -1_000_000_000),
        ])
    func times(_ text: String, _ expected: Int64) {
        #expect(Timestamp.nanoseconds(text) == expected)
    }

    @Test("What Timestamp writes it reads", arguments: [0, 1, 1_795_269_909_123_456_789, -5])
    func roundTrip(_ time: Int64) {
        #expect(Timestamp.nanoseconds(Timestamp.precise(time)) == time)
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", "2026", "2026-13-01", "2026-00-01", "2025-02-29", "2026-11-31", "2026-11-21T",
            "2026-11-21T14:05:09", "2026-11-21T24:00:00Z", "2026-11-21T14:60:00Z",
            "2026-11-21 14:05:09Z", "2026-11-21T14:05:09.Z", "2026-11-21T14:05:09.1234567890Z",
            "2026-11-21T14:05:09Zx", "9999-01-01", "-026-11-21",
        ])
    func noTime(_ text: String) {
        #expect(Timestamp.nanoseconds(text) == nil)
    }

    private func chunk(_ text: String, first: UInt64, count: UInt32) -> LogItem {
        .chunk(
            LogChunk(
                first: first, count: count, stream: .stdout, wallTime: 1, monotonicTime: 1,
                isPartial: text.last != "\n", bytes: Array(text.utf8)))
    }

    @Test("A pattern chooses lines, also those that came in pieces, and notes; gaps stay")
    func pattern() async throws {
        let (out, err) = (CapturedOutput(), CapturedOutput())
        let form = RecordForm(pattern: "b.*d")
        var renderer = RecordRenderer(7, form, .captured(out, err))
        try await renderer.render(chunk("abcd\nxyz\nab", first: 1, count: 3))
        try await renderer.render(chunk("cd\nb\n", first: 4, count: 2))
        try await renderer.render(
            .system(SystemRecord(sequence: 6, wallTime: 1, kind: .note("bad"))))
        try await renderer.render(
            .system(SystemRecord(sequence: 7, wallTime: 1, kind: .note("good"))))
        try await renderer.render(.gap(LogGap(from: 8, through: 9, bytes: 0, reason: .lost)))
        try await renderer.render(chunk("bd", first: 10, count: 1))
        try await renderer.finish()
        #expect(out.text == "abcd\nabcd\nbd\n")
        #expect(err.text == "selium: bad\nselium: lost 2 records (0 bytes)\n")
        #expect(renderer.missingRecords == 2)
    }

    @Test("A window ends with what was written later, or lies behind its last record")
    func window() {
        var window = LogWindow(position: .start, until: 1)
        #expect(window.holds(chunk("a\n", first: 1, count: 1)))
        window.until = 0
        #expect(!window.holds(chunk("a\n", first: 1, count: 1)))
        window = LogWindow(position: .start, through: 5)
        #expect(window.holds(chunk("a\n", first: 5, count: 1)))
        #expect(!window.holds(chunk("a\n", first: 6, count: 1)))
        #expect(!window.holds(.gap(LogGap(from: 6, through: 9, bytes: 0, reason: .lost))))
    }

    @Test(
        "Flags that exclude each other are refused before anybody is asked",
        arguments: [
            (["--tail", "1", "--from", "2"], "--tail and --from exclude each other"),
            (["--since", "1h", "--from", "2"], "--since and --from exclude each other"),
            (["--previous", "--until", "1h"], "--previous and --until exclude each other"),
            (["-f", "--previous"], "--follow and --previous exclude each other"),
            (["--from", "0"], "--from '0' is not a record's number (from 1)"),
            (["--grep", "["], "--grep '[' is not a regular expression"),
            (["--until", "x"], "--until 'x' is neither a duration such as 5m"),
            (["--stream", "system"], "--stream 'system' is neither stdout nor stderr"),
            (["--level", "loud"], "--level 'loud' is none of trace, debug, info, warning, error"),
            (["--level", "info", "--stream", "stdout"], "--level and --stream exclude each other"),
            (["--level", "info", "--level", "error"], "--level is given twice"),
        ])
    func usage(_ flags: [String], _ words: String) async {
        let outcome = await run(["logs", "7"] + flags)
        #expect(outcome.status == .usage)
        #expect(outcome.err.contains(words), "\(outcome.err)")
    }
}

@Suite("What reaches a terminal", .inTurn(minutes: 2))
struct TerminalTests {
    private func filter(_ text: String, carriageReturn: Bool = true) -> String {
        var filter = TerminalFilter(allowsCarriageReturn: carriageReturn)
        let bytes = filter.filter(Array(text.utf8)) + filter.finish()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Text, tabs, newlines and colours pass")
    func passes() {
        #expect(filter("a\tb\r\nä€😀\u{1b}[1;31mred") == "a\tb\r\nä€😀\u{1b}[1;31mred\u{1b}[0m")
    }

    @Test(
        "Everything else a terminal would act on is shown",
        arguments: [
            ("\u{1b}[2J", "\\u{1b}[2J"), ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{8}", "\\u{8}"),
            ("\u{9b}31m", "\\u{9b}31m"), ("\u{202e}x", "\\u{202e}x"), ("\u{1b}", "\\u{1b}"),
            ("\u{1b}[1", "\\u{1b}[1"),
            ("\u{7f}", "\\u{7f}"), ("\u{0}", "\\u{0}"),
        ])
    func shown(_ text: String, _ expected: String) {
        #expect(filter(text) == expected)
    }

    @Test("A carriage return cannot overwrite a prefix of ours")
    func carriageReturn() {
        #expect(filter("a\rb", carriageReturn: false) == "a\\u{d}b")
    }

    @Test("Bytes that are not UTF-8 become replacement characters")
    func invalid() {
        var filter = TerminalFilter()
        let bytes =
            filter.filter([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62]) + filter.finish()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.first == "a" && text.last == "b")
        #expect(text.contains("\u{fffd}") && text.contains("("))
    }

    @Test("It makes no difference where the bytes are cut", arguments: 1...7)
    func pieces(_ size: Int) {
        let text = "x\u{1b}[38;5;208mfärbig\u{1b}[0m €😀\u{1b}[2J\u{1b}[31mend\n"
        var whole = TerminalFilter()
        let expected = whole.filter(Array(text.utf8)) + whole.finish()
        var filter = TerminalFilter()
        var output: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            output += filter.filter(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(output + filter.finish() == expected)
    }

    @Test("An endless sequence is no colour and holds nothing back")
    func endless() {
        let text = "\u{1b}[" + String(repeating: "1;", count: 500) + "m"
        #expect(filter(text) == "\\u{1b}[" + String(repeating: "1;", count: 500) + "m")
    }

    @Test("Names of other parties are escaped, newlines too")
    func foreign() {
        #expect(Escape.foreign("a\nb\u{1b}[31m\u{2028}") == "a\\nb\\u{1b}[31m\\u{2028}")
    }
}

@Suite("Records", .inTurn(minutes: 2))
struct RecordTests {
    static func chunk(
        _ text: String, first: UInt64 = 1, count: UInt32 = 1, stream: LogStream = .stdout,
        partial: Bool = false
    ) -> LogItem {
        .chunk(
            LogChunk(
                first: first, count: count, stream: stream, wallTime: 1_795_000_000_123_456_789,
                monotonicTime: 0,
                isPartial: partial, bytes: Array(text.utf8)))
    }

    private func render(_ items: [LogItem], _ form: RecordForm) async throws -> (
        String, String, UInt64
    ) {
        let (out, err) = (CapturedOutput(), CapturedOutput())
        var renderer = RecordRenderer(7, form, .captured(out, err))
        for item in items { try await renderer.render(item) }
        try await renderer.finish()
        return (out.text, err.text, renderer.missingRecords)
    }

    @Test("Output comes byte for byte, each stream on its own, what the runtime says on stderr")
    func plain() async throws {
        let items: [LogItem] = [
            .system(SystemRecord(sequence: 1, wallTime: 0, kind: .began(incarnation: 1))),
            Self.chunk("a\nb\n", first: 2, count: 2),
            Self.chunk("err\n", first: 4, stream: .stderr),
            Self.chunk("no newline \u{1b}[2J", first: 5, partial: true),
            .system(SystemRecord(sequence: 6, wallTime: 0, kind: .note("out of memory"))),
            .system(
                SystemRecord(
                    sequence: 7, wallTime: 0, kind: .ended(ExitRecord(outcome: .exited(0))))),
        ]
        let (out, err, missing) = try await render(items, RecordForm())
        #expect(out == "a\nb\nno newline \u{1b}[2J")
        #expect(err == "err\nselium: out of memory\n")
        #expect(missing == 0)
    }

    @Test("--quiet and --stream leave the runtime's words out")
    func quiet() async throws {
        let items: [LogItem] = [
            Self.chunk("out\n"), Self.chunk("err\n", first: 2, stream: .stderr),
            .system(SystemRecord(sequence: 3, wallTime: 0, kind: .note("x"))),
        ]
        #expect(try await render(items, RecordForm(isQuiet: true)).1 == "err\n")
        let (out, err, _) = try await render(items, RecordForm(streams: [.stdout]))
        #expect(out == "out\n" && err.isEmpty)
    }

    @Test("A gap is one line on stderr, and is counted")
    func gap() async throws {
        let gap = LogItem.gap(LogGap(from: 8, through: 19, bytes: 480, reason: .reader))
        let (out, err, missing) = try await render([gap], RecordForm())
        #expect(out.isEmpty)
        #expect(err == "selium: lost 12 records (480 bytes)\n")
        #expect(missing == 12)
    }

    @Test("With a prefix, lines are whole lines")
    func prefixed() async throws {
        let items = [
            Self.chunk("a\nunfin", count: 2, partial: true), Self.chunk("ished\n", first: 3),
            Self.chunk("end", first: 4, partial: true),
        ]
        let (out, _, _) = try await render(items, RecordForm(hasTimestamps: true, hasIDs: true))
        let time = "2026-11-18T11:06:40.123Z"
        #expect(out == "\(time) [7] a\n\(time) [7] unfinished\n\(time) [7] end\n")
    }

    @Test("JSON lines are as the contract shows them")
    func json() async throws {
        let items: [LogItem] = [
            Self.chunk("a\"b\n"), .gap(LogGap(from: 8, through: 19, bytes: 480, reason: .reader)),
            .chunk(
                LogChunk(
                    first: 20, count: 1, stream: .stderr, wallTime: 0, monotonicTime: 0,
                    isPartial: true,
                    bytes: [0xff, 0x00])),
        ]
        let (out, err, _) = try await render(items, RecordForm(isJSON: true))
        #expect(err.isEmpty)
        #expect(
            out == """
                {"seq":1,"time":"2026-11-18T11:06:40.123456789Z","process":7,"stream":"stdout","level":null,"target":null,"message":"a\\"b","fields":{},"partial":false}
                {"gap":{"from":8,"to":19,"records":12,"bytes":480,"reason":"reader"}}
                {"seq":20,"time":"1970-01-01T00:00:00.000000000Z","process":7,"stream":"stderr","level":null,"target":null,"bytes":"/wA=","fields":{},"partial":true}

                """)
    }

    private static let structured = chunk(
        "info\t\tbegan\nerror\tdb\tno\\nrow\u{1b}\tkey\tv\\tw\tkey\tlast\nno record\n", first: 3,
        count: 3, stream: .structured)

    @Test("Structured records are lines of ours, and what is in them cannot act on a terminal")
    func structured() async throws {
        let time = "2026-11-18T11:06:40.123Z"
        let (out, err, _) = try await render([Self.structured], RecordForm())
        let lines = [
            "info: began", "error db: no\\nrow\\u{1b} key=v\\tw key=last", "no record",
        ]
        #expect(out == lines.map { "\(time) \($0)\n" }.joined())
        #expect(err.isEmpty)
        let form = RecordForm(hasTimestamps: true, hasIDs: true, pattern: "began")
        #expect(try await render([Self.structured], form).0 == "\(time) [7] info: began\n")
        let grave = RecordForm(streams: [.structured], level: .warning)
        let (errors, _, _) = try await render([Self.chunk("x\n"), Self.structured], grave)
        #expect(errors == "\(time) \(lines[1])\n\(time) \(lines[2])\n")
        let other = try await render([Self.structured], RecordForm(streams: [.stdout]))
        #expect(other.0.isEmpty)
    }

    @Test("As JSON they have their level, target and fields")
    func structuredJSON() async throws {
        let (out, _, _) = try await render([Self.structured], RecordForm(isJSON: true))
        let time = #""time":"2026-11-18T11:06:40.123456789Z""#
        let begin = #",\#(time),"process":7,"stream":"structured","level":"#
        #expect(
            out == """
                {"seq":3\(begin)"info","target":"","message":"began","fields":{},"partial":false}
                {"seq":4\(begin)"error","target":"db","message":"no\\nrow\\u001b","fields":{"key":"last"},"partial":false}
                {"seq":5\(begin)null,"target":null,"message":"no record","fields":{},"partial":false}

                """)
    }

    @Test("An output that cannot be stored is not taken for a reader that left")
    func fullDisk() async throws {
        let full = unsafe open("/dev/full", O_WRONLY)
        defer { close(full) }
        let error = await #expect(throws: ClosedOutput.self) {
            try await DescriptorSink(full).write([0x61])
        }
        #expect(error?.isQuiet == false)
        #expect(error?.message == "cannot write the output: No space left on device")
    }

    @Test("A trap is explained with escaped names; an exit code needs no words")
    func explanation() {
        let trap = Trap(
            kind: "unreachable", message: "",
            frames: [.init(functionIndex: 3, moduleOffset: 63, name: "evil\u{1b}[2J")])
        let text = EndText.explanation(ExitRecord(outcome: .trapped(trap)), process: 7)
        #expect(
            text == "process 7 trapped: unreachable\n  #0 evil\\u{1b}[2J (function 3, offset 0x3f)")
        let forged = Trap(
            kind: "unreachable", message: "",
            frames: [
                .init(functionIndex: 0, moduleOffset: nil, name: "f\nprocess 1 exited\u{2028}")
            ])
        #expect(
            EndText.explanation(ExitRecord(outcome: .trapped(forged)), process: 7)
                == "process 7 trapped: unreachable\n  #0 f\\u{a}process 1 exited\\u{2028} (function 0)"
        )
        #expect(EndText.explanation(ExitRecord(outcome: .exited(7)), process: 7) == nil)
        #expect(
            EndText.explanation(ExitRecord(outcome: .exited(300)), process: 7)
                == "process 7 exited with code 300")
        let memory = ExitRecord(outcome: .exited(1), peakMemory: 95, memoryLimit: 100)
        #expect(EndText.explanation(memory, process: 7)?.contains("probably out of memory") == true)
    }

    @Test("What the runtime's record said about memory is not said again; the rest is")
    func memoryOnce() async throws {
        let words = "probably out of memory: it held 125M of 128M; to give it more: --memory SIZE"
        let (out, err) = (CapturedOutput(), CapturedOutput())
        var renderer = RecordRenderer(7, RecordForm(), .captured(out, err))
        try await renderer.render(
            .system(SystemRecord(sequence: 1, wallTime: 0, kind: .note("something else"))))
        #expect(!renderer.saidMemory)
        try await renderer.render(
            .system(SystemRecord(sequence: 2, wallTime: 0, kind: .note(words))))
        #expect(renderer.saidMemory)
        let trap = ExitOutcome.trapped(Trap(kind: "unreachable", message: "", frames: []))
        let record = ExitRecord(outcome: trap, peakMemory: 125 << 20, memoryLimit: 128 << 20)
        #expect(
            EndText.explanation(record, process: 7, saidMemory: true)
                == "process 7 trapped: unreachable")
        #expect(
            EndText.explanation(record, process: 7)
                == "process 7 trapped: unreachable\n" + words)
        let exit = ExitRecord(
            outcome: .exited(1), peakMemory: 125 << 20, memoryLimit: 128 << 20)
        #expect(EndText.explanation(exit, process: 7, saidMemory: true) == nil)
        // Where records are left out, nothing was said.
        var quiet = RecordRenderer(7, RecordForm(isQuiet: true), .captured(out, err))
        try await quiet.render(.system(SystemRecord(sequence: 2, wallTime: 0, kind: .note(words))))
        #expect(!quiet.saidMemory)
    }
}

@Suite("Tables and JSON", .inTurn(minutes: 2))
struct TableTests {
    static let row = ProcessStatus(
        id: 12, namespace: "alice", name: "web", owner: "alice", moduleName: "web\n.wasm",
        moduleDigest: [0xab],
        entrypoint: "_start", state: .running, incarnation: 3, createdAt: 0,
        uptimeNanoseconds: 192_000_000_000,
        cpuNanoseconds: 1_230_000_000, memory: 1 << 20, memoryLimit: 64 << 20, grants: [.timeRead],
        exit: nil)

    @Test("ps has its nine columns, and escapes what others wrote")
    func processes() {
        var foreign = Self.row
        foreign.id = 3
        foreign.namespace = "bob"
        foreign.name = ""
        let text = ProcessTable([foreign, Self.row], ownNamespace: "alice").text
        #expect(
            text == """
                ID  NAME   MODULE      STATE    UPTIME  RESTARTS    CPU  MEM  OWNER
                 3  bob/-  web\\n.wasm  running   3m12s         2  1.23s   1M  alice
                12  web    web\\n.wasm  running   3m12s         2  1.23s   1M  alice

                """)
    }

    @Test(
        "ps says how long one waits to begin again, and which restart it will be",
        arguments: [
            (3_150_000_000, 4, 5, "backing-off 3.2s (4/5)"),
            (3_200_000_000, 4, nil, "backing-off 3.2s (4)"), (1, 1, nil, "backing-off 0.1s (1)"),
            (0, 1, 2, "backing-off 0.0s (1/2)"),
        ] as [(UInt64, UInt32, UInt32?, String)])
    func waiting(left: UInt64, attempt: UInt32, of: UInt32?, text: String) {
        var row = Self.row
        row.state = .backingOff
        row.waiting = Waiting(remainingNanoseconds: left, attempt: attempt, of: of)
        #expect(SupervisionView.state(row) == text)
        #expect(ProcessTable([row], ownNamespace: "alice").text.contains("  \(text)  "))
        let json = ProcessJSON.row(row, schema: false).line
        let bound = of.map { "\($0)" } ?? "null"
        #expect(
            json.contains(
                #""waiting":{"remainingNanoseconds":\#(left),"attempt":\#(attempt),"of":\#(bound)}"#
            ))
    }

    @Test("status shows one process in full, its policy as the flags that ask for it")
    func status() {
        var row = Self.row
        row.supervision = Supervision(
            restart: .always(most: 7), backoff: .init(.milliseconds(100), .seconds(30)),
            resetAfter: .seconds(10), limit: .init(5, within: .seconds(60)), noRestartOn: [64],
            stopTimeout: .seconds(10))
        row.restarts = 2
        row.exit = ExitRecord(outcome: .exited(3), incarnation: 2)
        let text = StatusText(row).text
        #expect(
            text.contains(
                "--restart always:7 --backoff 100ms..30s --reset-after 10s --restart-limit 5/1m --no-restart-on 64 --stop-timeout 10s\n"
            ))
        #expect(text.contains("module        web\\n.wasm\n"))
        #expect(text.contains("last end      incarnation 2 exited with code 3\n"))
        #expect(text.contains("restarts      2 by its policy\n"))
        let json = ProcessJSON.row(row, schema: true).line
        #expect(json.contains(#""restart":"always:7""#))
        #expect(json.contains(#""resetAfterNanoseconds":10000000000"#))
        #expect(json.contains(#""limit":{"count":5,"windowNanoseconds":60000000000}"#))
    }

    @Test("ps tells a module without a name by the beginning of its digest")
    func digests() {
        var row = Self.row
        row.moduleName = "sha256:" + String(repeating: "ab", count: 32)
        let text = ProcessTable([row], ownNamespace: "alice").text
        #expect(text.contains(" sha256:abababababab  running "))
    }

    @Test("Numbers are whole, strings are escaped")
    func json() {
        let line = JSONValue.object([
            .init("big", .unsigned(9_007_199_254_740_993)),
            .init("text", .string("a\u{1b}\u{202e}\"\\\n")),
            .init("nan", .number(.nan)), .init("list", .array([.null, .bool(true), .signed(-1)])),
        ]).line
        #expect(
            line
                == #"{"big":9007199254740993,"text":"a\u001b\u202e\"\\\n","nan":null,"list":[null,true,-1]}"#
                + "\n")
    }

    @Test(
        "Times are right before and after 1970, and in leap years",
        arguments: [
            (Int64(0), "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (1_795_000_000, "2026-11-18 11:06:40 UTC"),
        ])
    func times(_ seconds: Int64, _ text: String) {
        #expect(Timestamp.date(seconds) == text)
    }

    @Test(
        "Base64 pads as RFC 4648 §10 says",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ text: String, _ expected: String) {
        #expect(Base64.text(Array(text.utf8)) == expected)
    }

    @Test(
        "Uptimes and sizes are short",
        arguments: [
            (UInt64(5), "5s"), (192, "3m12s"), (7500, "2h05m"), (356_400, "4d03h"),
        ])
    func uptimes(_ seconds: UInt64, _ text: String) {
        #expect(Quantity.uptime(seconds * 1_000_000_000) == text)
        #expect(Quantity.size(1_572_864) == "1.5M")
        #expect(Quantity.size(0) == "0B")
    }

    @Test("caps ls lists all 43 and the sets")
    func capabilities() async {
        let outcome = await run("caps", "ls", "--output", "name")
        #expect(outcome.out.split(separator: "\n").count == 43)
        let json = await run("caps", "ls", "-o", "json")
        #expect(json.out.hasPrefix("{\n  \"schema\": \"selium.capabilities/1\""))
    }
}
