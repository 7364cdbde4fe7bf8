import SeliumHosting
import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.serialized, .inTurn(minutes: 2)) struct RequestTests {
    private static let hello = Script.module("print one", "error two", "write three", "exit 7")

    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("hello", Self.hello)
        host.addModule("waits", Script.module("print up", "wait"))
        host.addModule("echo", Script.module("echo", "exit 3"))
        return host
    }

    @Test("info says whom the server takes the caller for")
    func info() async throws {
        try await withServer { fixture in
            let client = try await fixture.connect(as: "alice")
            guard case .info(let info) = try await client.result(.whoAmI) else {
                throw TestFailure("no info")
            }
            #expect(info.identity == "alice")
            #expect(info.role == "user")
            #expect(info.namespace == "alice")
            #expect(info.engine == "in-memory")
            #expect(info.certificateExpiresAt > 0)
        }
    }

    private static func label(_ key: String, _ value: String) -> WireLabel {
        .with {
            $0.key = key
            $0.value = value
        }
    }

    private static func filter(
        _ key: WireFilterKey, _ values: [String], label: String = ""
    ) -> WireFilter {
        .with {
            $0.key = key
            $0.values = values
            $0.label = label
        }
    }

    @Test("Labels come back by their keys, and what is none is refused by its field")
    func labels() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits") {
                $0.labels = [Self.label("zone", ""), Self.label("tier", "web")]
            }
            #expect(
                try await client.processes().first { $0.id == id }?.labels.map(\.key)
                    == ["tier", "zone"])
            for (labels, field) in [
                ([Self.label("-", "x")], "start.labels[0]"),
                ([Self.label("a", "b c")], "start.labels[0]"),
                ([Self.label("a", "1"), Self.label("a", "2")], "start.labels[1].key"),
            ] {
                let error = try await client.error(.start("waits") { $0.labels = labels })
                #expect(error.code == .invalidArgument)
                #expect(error.field == field)
            }
            let many = (0...32).map { Self.label("k\($0)", "v") }
            #expect(
                try await client.error(.start("waits") { $0.labels = many }).code
                    == .invalidArgument)
            #expect(try await client.processes().count == 1)
        }
    }

    @Test("A list shows what passes every filter, and refuses what is no filter by its field")
    func filters() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            let web = try await client.start("waits") {
                $0.name = "web"
                $0.labels = [Self.label("tier", "web")]
            }
            let ended = try await client.start("hello") { $0.labels = [Self.label("tier", "db")] }
            func found(_ filters: WireFilter...) async throws -> [UInt64] {
                var request = WireRequest.list(all: true)
                request.list.filters = filters
                guard case .processes(let rows) = try await client.result(request) else {
                    throw TestFailure("no rows")
                }
                return rows.processes.map(\.id)
            }
            #expect(try await found() == [web, ended])
            #expect(try await found(Self.filter(.label, [], label: "tier")) == [web, ended])
            #expect(try await found(Self.filter(.label, ["db", "x"], label: "tier")) == [ended])
            #expect(try await found(Self.filter(.label, [], label: "zone")) == [])
            #expect(try await found(Self.filter(.name, ["web"])) == [web])
            #expect(try await found(Self.filter(.state, ["running"])) == [web])
            #expect(try await found(Self.filter(.state, ["exited", "crashed"])) == [ended])
            #expect(try await found(Self.filter(.owner, ["alice"])) == [web, ended])
            #expect(try await found(Self.filter(.namespace, ["bob"])) == [])
            #expect(
                try await found(Self.filter(.module, ["waits"]), Self.filter(.name, ["web"]))
                    == [web])
            let digest = InMemoryProcessHost.digest(of: Self.hello).hex
            #expect(try await found(Self.filter(.module, ["sha256:\(digest)"])) == [ended])
            for (filter, field) in [
                (Self.filter(.unspecified, ["x"]), "list.filters[0].key"),
                (Self.filter(.name, []), "list.filters[0].values"),
                (Self.filter(.name, ["x"], label: "y"), "list.filters[0].label"),
                (Self.filter(.label, ["x"]), "list.filters[0].label"),
                (Self.filter(.state, ["running", "done"]), "list.filters[0].values[1]"),
            ] {
                var request = WireRequest.list()
                request.list.filters = [filter]
                let error = try await client.error(request)
                #expect(error.code == .invalidArgument)
                #expect(error.field == field)
            }
        }
    }

    @Test("A start with attach brings every byte and the exit record")
    func startAttached() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start("hello") { $0.attach.from = 0 }, end: false)
            guard case .started(let started) = try await call.step() else {
                throw TestFailure("not started")
            }
            #expect(started.id > 0)
            let (entries, gaps, last) = try await call.collect()
            #expect(entries.text() == "one\nthree")
            #expect(entries.text(.stderr) == "two\n")
            #expect(gaps.isEmpty)
            guard case .result(.ended(let ended)) = last else { throw TestFailure("\(last)") }
            #expect(ended.exit.exit.code == 7)
            #expect(ended.exit.lastSequence == entries.map(\.last).max())
            // The first record and the last are the runtime's.
            let began = try AnswerDecoder().systemRecord(entries[0].bytes)
            #expect(began.began.incarnation == 1)
        }
    }

    @Test("stop, list, wait and attach see one process the same way")
    func wholeLife() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits") { $0.name = "web" }
            let rows = try await client.processes(all: false)
            #expect(rows.map(\.id) == [id])
            #expect(rows.first?.name == "web")
            #expect(rows.first?.owner == "operator")
            #expect(rows.first?.state == .running)

            let waiting = try await client.open(.wait(id))
            guard case .following = try await waiting.step() else { throw TestFailure("no wait") }
            var attach = WireRequest()
            attach.attach.process.name = "web"
            let attached = try await client.open(attach)
            guard case .following(let following) = try await attached.step() else {
                throw TestFailure("not following")
            }
            #expect(following.process.id == id)
            #expect(following.from == 1)

            guard case .stopped(let stopped) = try await client.result(.stop(id)) else {
                throw TestFailure("not stopped")
            }
            #expect(stopped.id == id)
            #expect(!stopped.alreadyEnded)
            let (entries, _, last) = try await attached.collect()
            #expect(entries.text() == "up\n")
            guard case .result(.ended) = last else { throw TestFailure("\(last)") }
            guard case .result(.ended(let end)) = try await waiting.last() else {
                throw TestFailure("no end")
            }
            #expect(end.exit == stopped.exit)
            guard case .stopped(let again) = try await client.result(.stop(id)) else {
                throw TestFailure("not stopped")
            }
            #expect(again.alreadyEnded)
            #expect(try await client.processes(all: false).isEmpty)
            #expect(try await client.processes(all: true).map(\.state) == [.exited])
            guard case .result(.ended) = try await client.ask(.wait(id)) else {
                throw TestFailure("no end")
            }
        }
    }

    @Test("stdin: frames arrive in order, FIN ends it, and the end is heard")
    func input() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let request = WireRequest.start("echo") {
                $0.input = true
                $0.attach.from = 0
            }
            let call = try await client.open(request, end: false)
            guard case .started = try await call.step() else { throw TestFailure("not started") }
            for line in ["a\n", "b\n"] { try await call.send(FrameEncoder.input(Array(line.utf8))) }
            call.stream.finish()
            let (entries, _, last) = try await call.collect()
            #expect(entries.text() == "a\nb\n")
            guard case .result(.ended(let ended)) = last else { throw TestFailure("\(last)") }
            #expect(ended.exit.exit.code == 3)
        }
    }

    @Test("Input without attach answers when its end has been taken; a reset leaves stdin open")
    func inputAlone() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start("echo") { $0.input = true }, end: false)
            guard case .started(let started) = try await call.step() else {
                throw TestFailure("not started")
            }
            try await call.send(FrameEncoder.input(Array("first\n".utf8)))
            call.stream.reset(code: ResetCode.cancelled.rawValue)
            guard case .result(.started) = try await call.last() else {
                throw TestFailure("no result")
            }

            let attached = try await client.open(
                .attach(started.id) { $0.input = true }, end: false)
            guard case .following = try await attached.step() else {
                throw TestFailure("no attach")
            }
            let second = try await client.error(.attach(started.id) { $0.input = true })
            #expect(second.code == .failedPrecondition)
            try await attached.send(FrameEncoder.input(Array("second\n".utf8)), end: true)
            let (entries, _, _) = try await attached.collect()
            #expect(entries.text().hasSuffix("second\n"))
        }
    }

    @Test("no_follow brings what there is, says where to go on, and waits for nothing")
    func noFollow() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(
                .start("echo") {
                    $0.input = true
                    $0.attach.from = 0
                }, end: false)
            guard case .started(let started) = try await call.step() else {
                throw TestFailure("not started")
            }
            try await call.send(FrameEncoder.input(Array("a\n".utf8)))
            var text = ""
            while !text.contains("a\n") {
                let (entries, _, last) = try await client.open(
                    .attach(started.id) { $0.noFollow = true }
                ).collect()
                text = entries.text()
                guard case .result(.logRead(let read)) = last else { throw TestFailure("\(last)") }
                #expect(read.id == started.id)
                #expect(read.next == (entries.last?.last ?? 0) + 1)
            }
            let later = try await client.open(
                .attach(started.id) {
                    $0.noFollow = true
                    $0.log.since = Int64.max
                }
            ).collect()
            #expect(later.entries.isEmpty)
            let refused = try await client.error(
                .attach(started.id) {
                    $0.noFollow = true
                    $0.input = true
                })
            #expect(refused.code == .invalidArgument)
            #expect(refused.field == "attach.no_follow")
            call.stream.finish()
            _ = try await call.collect()
            let (entries, _, last) = try await client.open(
                .attach(started.id) {
                    $0.noFollow = true
                    $0.log.since = 0
                }
            ).collect()
            #expect(entries.text() == "a\n")
            guard case .result(.ended) = last else { throw TestFailure("\(last)") }
        }
    }

    @Test("A module is asked for once, and what comes is hashed")
    func upload() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let module = Script.module("lines 3", "exit 9")
            let call = try await client.open(
                .start(upload: module) { $0.attach.from = 0 }, end: false)
            guard case .upload(let upload) = try await call.step() else {
                throw TestFailure("no upload")
            }
            #expect(upload.offset == 0)
            for byte in module { try await call.send(FrameEncoder.upload([byte])) }
            guard case .started = try await call.step() else { throw TestFailure("not started") }
            let (entries, _, _) = try await call.collect()
            #expect(entries.text() == "line 1\nline 2\nline 3\n")
            // Known now.
            guard case .result(.started) = try await client.ask(.start(upload: module)) else {
                throw TestFailure("asked again")
            }
            let other = Script.module("exit 1")
            let wrong = try await client.open(.start(upload: other), end: false)
            guard case .upload = try await wrong.step() else { throw TestFailure("no upload") }
            try await wrong.send(FrameEncoder.upload([UInt8](repeating: 7, count: other.count)))
            guard case .error(let error) = try await wrong.last() else {
                throw TestFailure("taken")
            }
            #expect(error.code == .dataLoss)
            let early = try await client.error(.start(upload: Script.module("exit 2")))
            #expect(early.code == .invalidArgument)
        }
    }

    @Test("An upload that breaks off is resumed where it was")
    func resume() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let module = Script.module("print x", "exit 0") + [0x0a]
            let first = try await client.open(.start(upload: module), end: false)
            guard case .upload = try await first.step() else { throw TestFailure("no upload") }
            try await first.send(FrameEncoder.upload(module.prefix(10)))
            // More than the module has: the server answers after it has stored what came before.
            try await first.send(FrameEncoder.upload([UInt8](repeating: 0, count: 1_000)))
            guard case .error(let error) = try await first.last() else {
                throw TestFailure("taken")
            }
            #expect(error.code == .invalidArgument)
            let second = try await client.open(.start(upload: module), end: false)
            guard case .upload(let upload) = try await second.step() else {
                throw TestFailure("no upload")
            }
            #expect(upload.offset == 10)
            try await second.send(FrameEncoder.upload(module.dropFirst(10)))
            guard case .result(.started) = try await second.last() else { throw TestFailure("no") }
        }
    }

    @Test("An upload that the host cannot store ends with its error, and goes on where it was")
    func fullDisk() async throws {
        try await withServer { fixture in
            let client = try await fixture.connect()
            let module = Script.module("exit 0") + [UInt8](repeating: 0x0A, count: 100_000)
            let first = try await client.open(.start(upload: module), end: false)
            guard case .upload = try await first.step() else { throw TestFailure("no upload") }
            try await first.send(FrameEncoder.upload(Array(module[..<40_000])))
            // Stored, for the server has read it.
            while fixture.host.uploadedBytes < 40_000 { _ = try await client.ask(.whoAmI) }
            fixture.host.failAppends(
                HostError(.resourceExhausted, "the server's disk is full", isRetryable: true))
            try await first.send(FrameEncoder.upload(Array(module[40_000..<80_000])))
            guard case .error(let error) = try await first.last() else { throw TestFailure("no") }
            #expect(error.code == .resourceExhausted)
            #expect(error.message == "the server's disk is full")
            #expect(error.retryable)
            #expect(try await client.processes().isEmpty)
            fixture.host.failAppends(nil)
            let second = try await client.open(.start(upload: module), end: false)
            guard case .upload(let upload) = try await second.step() else {
                throw TestFailure("no upload")
            }
            #expect(upload.offset == 40_000)
            try await second.send(FrameEncoder.upload(Array(module[40_000...])), end: true)
            guard case .result(.started) = try await second.last() else { throw TestFailure("no") }
        }
    }

    @Test("A repeat with the same key gets the same process, another body is ABORTED")
    func idempotency() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let request = WireRequest.start("waits")
            guard case .started(let first) = try await client.result(request),
                case .started(let second) = try await client.result(request)
            else { throw TestFailure("not started") }
            #expect(first.id == second.id)
            var other = request
            other.start.name = "x"
            #expect(try await client.error(other).code == .aborted)
            #expect(try await client.processes().count == 1)
            var none = request
            none.idempotencyKeyBytes = []
            #expect(try await client.error(none).field == "idempotency_key")
        }
    }

    @Test("A dry run judges everything and starts nothing")
    func dryRun() async throws {
        let host = host()
        host.addModule("clock", Script.module("import TimeRead", "exit 0"))
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect()
            guard
                case .started(let report) = try await client.result(
                    .start("clock") { $0.dryRun = true })
            else { throw TestFailure("no report") }
            #expect(report.id == 0)
            #expect(report.notes.map(\.capability) == ["TimeRead"])
            #expect(try await client.processes().isEmpty)
        }
    }

    @Test("Positions: tail, from, the next one, and OUT_OF_RANGE with the range")
    func positions() async throws {
        let host = host()
        host.addModule("lines", Script.module("lines 20", "exit 0"))
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("lines")
            func sequences(_ change: (inout WireAttach) -> Void) async throws -> [UInt64] {
                let (entries, _, last) = try await client.open(.attach(id, change)).collect()
                guard case .result(.ended) = last else { throw TestFailure("\(last)") }
                return entries.flatMap { Array($0.first...$0.last) }
            }
            let all = try await sequences { _ in }
            let end = try #require(all.last)
            #expect(all == Array(1...end))
            #expect(try await sequences { $0.log.from = end }.contains(end))
            #expect(try await sequences { $0.log.from = end + 1 }.isEmpty)
            #expect(try await sequences { $0.log.tail = 0 }.isEmpty)
            let error = try await client.error(.attach(id) { $0.log.from = end + 2 })
            #expect(error.code == .outOfRange)
            #expect(error.range.last == end)
            let (errors, _, _) = try await client.open(
                .attach(id) { $0.log.streams = [.stderr] }
            ).collect()
            #expect(errors.allSatisfy { $0.stream == SeliumKernel.LogStream.system.rawValue })
        }
    }

    @Test("A list that is too long for a frame comes in parts")
    func longList() async throws {
        var configuration = ControlFixture.configuration
        configuration.listFrame = 1_000
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect()
            for _ in 0..<20 { _ = try await client.start("hello") }
            let rows = try await client.processes()
            #expect(rows.count == 20)
            let call = try await client.open(.list(all: true))
            guard case .processes(let first) = try await call.step() else {
                throw TestFailure("no")
            }
            #expect(first.processes.count < 10)
            #expect(rows.map(\.id) == rows.map(\.id).sorted())
        }
    }
}
