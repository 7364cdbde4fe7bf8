import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumClient

@Suite("Requests of a client", .inTurn(minutes: 2))
struct ClientRequestTests {
    @Test("Bytes are sent once; the second start finds them there")
    func uploadsOnce() async throws {
        try await withServer { fixture in
            let module = Script.module("lines 3", "exit 7")
            let uploads = Atomic<Int>(0)
            try await fixture.withClient { client in
                for _ in 0..<2 {
                    let job = try await client.start(
                        .bytes(module, name: "three"),
                        progress: { if case .uploading = $0 { uploads.add(1, ordering: .relaxed) } }
                    )
                    var lines: [String] = []
                    for try await record in job.log() { lines.append(record.text) }
                    #expect(lines == ["line 1", "line 2", "line 3"])
                    #expect(try await job.exit.outcome == .exited(7))
                    #expect(try await job.status.moduleName == "three")
                }
            }
            // Before the first chunk and after the only one.
            #expect(uploads.load(ordering: .relaxed) == 2)
        }
    }

    @Test("Restarts, kills and removals, as a program of ours writes them")
    func supervision() async throws {
        try await withServer { fixture in
            fixture.host.addModule("waits", Script.module("wait"))
            fixture.host.addModule("fails", Script.module("print up", "exit 3"))
            try await fixture.withClient { client in
                let web = try await client.start(
                    .name("fails"), name: "web",
                    supervision: .init(
                        restart: .onFailure(most: 2),
                        backoff: .init(.milliseconds(10), .seconds(1)), stopTimeout: .zero))
                let row = try await web.status
                #expect(row.state == .backingOff)
                #expect(row.waiting?.attempt == 1)
                #expect(row.waiting?.of == 2)
                #expect(
                    row.supervision
                        == Supervision(
                            restart: .onFailure(most: 2),
                            backoff: .init(.milliseconds(10), .seconds(1)),
                            resetAfter: .seconds(10), stopTimeout: .zero))
                fixture.host.letTimePass()
                #expect(try await web.exit.incarnation == 3)
                var lines: [String] = []
                for try await record in web.log(streams: [.stdout]) { lines.append(record.text) }
                #expect(lines.filter { $0 == "up" }.count == 3)
                let plain = try await client.start(.name("waits"), name: "plain")
                #expect(try await plain.status.supervision == .standard)
                #expect(try await plain.restart() == 2)
                let refused = await #expect(throws: ClientError.self) { try await plain.remove() }
                #expect(refused?.code == .failedPrecondition)
                guard case .stopped(let exit) = try await plain.kill() else {
                    Issue.record("it had ended")
                    return
                }
                #expect(exit.outcome == .killed(.kill))
                try await plain.remove()
                #expect(try await client.prune() == [web.id])
                #expect(try await client.processes(includingEnded: true).isEmpty)
            }
        }
    }

    @Test("A module of many chunks arrives whole, and says how far it is")
    func largeUpload() async throws {
        try await withServer { fixture in
            let filler = Array(repeating: String(repeating: "#", count: 1023), count: 600)
            let module =
                Script.module("print done", "exit 0") + Array(filler.joined(separator: "\n").utf8)
            let most = Atomic<UInt64>(0)
            try await fixture.withClient { client in
                let call = try? await client.start(
                    .bytes(module, name: "large"),
                    progress: { step in
                        if case .uploading(let done, let total) = step {
                            #expect(done <= total)
                            most.max(done, ordering: .relaxed)
                        }
                    })
                _ = call
            }
            #expect(most.load(ordering: .relaxed) == UInt64(module.count))
        }
    }

    @Test("Start and log in one request: every item, in order, then the exit")
    func started() async throws {
        try await withServer { fixture in
            fixture.host.addModule(
                "m", Script.module("print out", "error err", "write rest", "exit 3"))
            try await fixture.withClient { client in
                try await client.withStarted(.name("m"), StartOptions()) { attachment in
                    #expect(await attachment.process.id == 1)
                    var text = ""
                    var isPartial = false
                    for try await item in attachment {
                        guard case .chunk(let chunk) = item else { continue }
                        text +=
                            "\(chunk.stream.name):" + String(decoding: chunk.bytes, as: UTF8.self)
                        isPartial = chunk.isPartial
                    }
                    #expect(text == "stdout:out\nstderr:err\nstdout:rest")
                    #expect(isPartial)
                    #expect(await attachment.exit?.outcome == .exited(3))
                }
            }
        }
    }

    @Test("Stdin goes in and comes out")
    func input() async throws {
        try await withServer { fixture in
            fixture.host.addModule("echo", Script.module("echo", "exit 0"))
            try await fixture.withClient { client in
                let job = try await client.start(.name("echo"), takesInput: true)
                try await job.write(stdin: Array("hello ".utf8))
                try await job.write(stdin: Array("there\n".utf8))
                try await job.endInput()
                var text = ""
                for try await record in job.log() { text += record.text }
                #expect(text == "hello there")
                #expect(try await job.exit.outcome == .exited(0))
            }
        }
    }

    @Test("32 at a time, 200 starts: every line and every exit code")
    func many() async throws {
        try await withServer { fixture in
            fixture.host.addModule("m", Script.module("lines 3", "exit 7"))
            let whole = try await fixture.withClient { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    var started = 0
                    var whole = 0
                    func add() {
                        started += 1
                        group.addTask {
                            try await client.withStarted(.name("m"), StartOptions()) { attachment in
                                var bytes: [UInt8] = []
                                for try await item in attachment {
                                    if case .chunk(let chunk) = item { bytes += chunk.bytes }
                                }
                                let text = String(decoding: bytes, as: UTF8.self)
                                let exit = await attachment.exit
                                return text == "line 1\nline 2\nline 3\n"
                                    && exit?.outcome == .exited(7)
                            }
                        }
                    }
                    for _ in 0..<32 { add() }
                    while let isWhole = try await group.next() {
                        whole += isWhole ? 1 : 0
                        if started < 200 { add() }
                    }
                    return whole
                }
            }
            #expect(whole == 200)
        }
    }

    @Test("Names, lists, stop, wait and info")
    func calls() async throws {
        try await withServer { fixture in
            fixture.host.addModule("waits", Script.module("wait", "exit 0"))
            try await fixture.withClient { client in
                let job = try await client.start(
                    .name("waits"), capabilities: [.timeRead], name: "web")
                #expect(try await client.process("web").id == job.id)
                #expect(try await client.processes().map(\.id) == [job.id])
                #expect(try await job.status.grants == [.timeRead])
                await #expect(throws: ClientError.self) { try await client.process("nobody") }
                let info = try await client.info()
                #expect(info.identity == "operator" && info.role == "operator")
                guard case .stopped = try await job.stop() else {
                    Issue.record("it had ended before")
                    return
                }
                guard case .alreadyEnded(let exit) = try await job.stop() else {
                    Issue.record("it was stopped twice")
                    return
                }
                #expect(try await job.exit == exit)
                #expect(try await client.processes().isEmpty)
                #expect(try await client.processes(includingEnded: true).count == 1)
            }
        }
    }

    @Test("The server's errors come with code, remedy and request id")
    func errors() async throws {
        try await withServer { fixture in
            fixture.host.addModule("m", Script.module("exit 0"))
            try await fixture.withClient(as: "alice") { client in
                do {
                    _ = try await client.start(.name("m"), capabilities: [.netTCPConnect])
                    Issue.record("granted")
                } catch let error as ClientError {
                    #expect(error.code == .permissionDenied)
                    #expect(error.denial?.capability == "NetTcpConnect")
                    #expect(error.denial?.rolePermits == false)
                    #expect(error.requestID.count == 16)
                    #expect(!error.isRetryable)
                }
                do {
                    _ = try await client.start(
                        .name("m"), capabilities: [.netHTTPConnect("https://a:1")])
                    Issue.record("granted")
                } catch let error as ClientError {
                    #expect(error.code == .invalidArgument)
                }
                do {
                    for try await _ in SeliumClient.Process(client, id: 99, name: "").log() {}
                    Issue.record("there is no such process")
                } catch let error as ClientError {
                    #expect(error.code == .notFound)
                }
            }
        }
    }

    @Test("A dry run starts nothing")
    func dryRun() async throws {
        try await withServer { fixture in
            fixture.host.addModule("m", Script.module("import TimeRead", "exit 0"))
            try await fixture.withClient { client in
                let report = try await client.dryRun(.name("m"), StartOptions())
                #expect(report.id == nil)
                #expect(report.notes.map(\.capability) == ["TimeRead"])
                #expect(try await client.processes(includingEnded: true).isEmpty)
            }
        }
    }

    @Test("An empty scope is refused, never taken for the bare capability")
    func emptyScope() async throws {
        try await withServer { fixture in
            fixture.host.addModule("m", Script.module("exit 0"))
            try await fixture.withClient { client in
                var found: ClientError?
                do {
                    _ = try await client.start(
                        .name("m"), capabilities: [Grant(named: "NetHttpConnect", scope: "")])
                } catch let error as ClientError {
                    found = error
                }
                #expect(found?.code == .invalidArgument)
                #expect(found?.message == "the scope of NetHttpConnect is empty")
                #expect(try await client.processes(includingEnded: true).isEmpty)
            }
        }
    }

    @Test("Cancelling a task ends its request and no other")
    func cancellation() async throws {
        try await withServer { fixture in
            fixture.host.addModule("waits", Script.module("print here", "wait", "exit 0"))
            try await fixture.withClient { client in
                let job = try await client.start(.name("waits"))
                let (seen, see) = AsyncStream.makeStream(of: Void.self)
                let cancelled = try await withThrowingTaskGroup(of: ClientError.Code?.self) {
                    group in
                    group.addTask {
                        do {
                            for try await _ in job.log() { see.yield() }
                            return nil
                        } catch let error as ClientError {
                            return error.code
                        }
                    }
                    for await _ in seen { break }
                    group.cancelAll()
                    return try await group.next() ?? nil
                }
                #expect(cancelled == .cancelled)
                #expect(try await client.processes().count == 1)
                try await job.stop()
            }
        }
    }
}
