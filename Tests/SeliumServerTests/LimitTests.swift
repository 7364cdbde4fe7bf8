import SeliumHosting
import SeliumKernel
import SeliumNetCore
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.serialized, .inTurn(minutes: 2)) struct LimitTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("hello", Script.module("exit 0"))
        host.addModule("waits", Script.module("wait"))
        host.addModule("large", Script.module("fill 3000000", "wait"))
        host.addModule("flood", Script.module("flood 2000"))
        return host
    }

    @Test("64 stalled attaches leave ps as it was; the 65th is refused before anything")
    func stalledAttaches() async throws {
        // Far less than what the stalled ones hold unread (64 KiB each): what came counts as room for
        // the others again although nobody reads it, or nothing else would get through.
        var transport = QUICConfiguration.client
        transport.connectionWindow = 512 << 10
        let narrow = transport
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(transport: narrow)
            let id = try await client.start("large")
            var calls: [TestCall] = []
            for _ in 0..<64 {
                let call = try await client.open(.attach(id), end: false)
                guard case .following = try await call.step() else { throw TestFailure("refused") }
                // From here on nothing is read.
                calls.append(call)
            }
            for _ in 0..<50 { #expect(try await client.processes().count == 1) }
            let error = try await client.error(.attach(id))
            #expect(error.code == .resourceExhausted)
            #expect(error.retryable)
            #expect(try await client.error(.wait(id)).code == .resourceExhausted)
            let refused = try await client.error(.start("hello") { $0.attach.from = 0 })
            #expect(refused.code == .resourceExhausted)
            #expect(try await client.processes().count == 1)
            // Each of them still gets every byte.
            let (entries, gaps, last) = try await drain(calls[0], stopping: id, client)
            #expect(entries.text().utf8.count == 3_000_000)
            #expect(gaps.isEmpty)
            guard case .result(.ended) = last else { throw TestFailure("\(last)") }
        }
    }

    private func drain(
        _ call: TestCall, stopping id: UInt64, _ client: TestClient
    ) async throws -> (entries: [LogEntry], gaps: [WireGap], last: LastFrame) {
        guard case .stopped = try await client.result(.stop(id)) else { throw TestFailure("no") }
        return try await call.collect()
    }

    @Test("A reader that stops reading gets a gap, and slows nobody")
    func slowReader() async throws {
        let host = InMemoryProcessHost(logKept: 256 << 10)
        host.addModule("flood", Script.module("flood 2000"))
        try await withServer(host: host) { fixture in
            let slow = try await fixture.connect()
            let fast = try await fixture.connect()
            let id = try await slow.start("flood")
            let stalled = try await slow.open(.attach(id), end: false)
            guard case .following = try await stalled.step() else { throw TestFailure("refused") }
            let reader = try await fast.open(.attach(id), end: false)
            var bytes = 0
            while bytes < 4 << 20, let answer = try await reader.next() {
                if case .log(let content) = answer { bytes += content.count }
            }
            #expect(bytes >= 4 << 20)
            reader.cancel()
            guard case .stopped = try await fast.result(.stop(id)) else { throw TestFailure("no") }
            let (entries, gaps, last) = try await stalled.collect()
            #expect(!gaps.isEmpty)
            guard case .result(.ended(let ended)) = last else { throw TestFailure("\(last)") }
            // What came and what is said to be missing are the whole log.
            var next: UInt64 = 1
            var pieces = entries.map { ($0.first, $0.last) } + gaps.map { ($0.from, $0.through) }
            pieces.sort { $0.0 < $1.0 }
            for piece in pieces {
                #expect(piece.0 <= next)
                next = max(next, piece.1 + 1)
            }
            #expect(next == ended.exit.lastSequence + 1)
        }
    }

    @Test("A stream that says nothing is refused in time, and so is half a frame")
    func firstFrame() async throws {
        var configuration = ControlFixture.configuration
        configuration.firstFrameTimeout = .milliseconds(30)
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect()
            for bytes in [[0x10], [0x10, 0x08, 0x01]] as [[UInt8]] {
                let call = try await client.open(raw: bytes, end: false)
                guard case .error(let error) = try await call.last() else {
                    throw TestFailure("taken")
                }
                #expect(error.code == .deadlineExceeded)
            }
        }
    }

    @Test("A deadline that passes before there is an answer cancels the work")
    func deadline() async throws {
        let host = host()
        host.holdStarts()
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect()
            var request = WireRequest.start("hello")
            request.deadlineMs = 30
            #expect(try await client.error(request).code == .deadlineExceeded)
            fixture.host.releaseStarts()
            #expect(try await client.processes().isEmpty)
        }
    }

    @Test("A list that the host does not answer in time is answered by the clock")
    func slowHost() async throws {
        let certificates = try LiveCertificates()
        let configuration = ControlFixture.configuration
        let host = StuckHost(host())
        let listener = try await ControlServer.listen(
            on: [SocketAddress(parsing: "127.0.0.1:0")], identity: certificates.serverIdentity(),
            clientRoots: certificates.trustRoots, configuration: configuration,
            authority: .unrestricted, logger: ControlFixture.quiet)
        let server = ControlServer(
            host: host, configuration: configuration, logger: ControlFixture.quiet)
        let fixture = ControlFixture(
            host: InMemoryProcessHost(), server: server, address: listener.localAddresses[0],
            certificates: certificates)
        try await withThrowingTaskGroup { group in
            group.addTask { await server.run(listener) }
            let client = try await fixture.connect()
            var request = WireRequest.whoAmI
            request.deadlineMs = 20
            let error = try await client.error(request)
            #expect(error.code == .deadlineExceeded)
            #expect(server.requestsInFlight == 1)
            host.release()
            await eventually { server.requestsInFlight == 0 }
            group.cancelAll()
        }
    }

    @Test("Work in progress says so until it is done")
    func progress() async throws {
        var configuration = ControlFixture.configuration
        configuration.progressInterval = .milliseconds(10)
        let host = host()
        host.holdStarts()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start("hello"))
            for _ in 0..<10 {
                guard case .frame(.progress(let progress))? = try await call.next() else {
                    throw TestFailure("no progress")
                }
                #expect(progress.phase == .working)
            }
            fixture.host.releaseStarts()
            guard case .result(.started) = try await call.last() else { throw TestFailure("no") }
        }
    }

    @Test("A cancel before the commit: nothing happened")
    func cancel() async throws {
        let host = host()
        host.holdStarts()
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect()
            for ends in [false, true] {
                let call = try await client.open(.start("hello"), end: ends)
                await eventually { fixture.server.requestsInFlight > 0 }
                if ends {
                    client.connection.close()
                } else {
                    call.cancel()
                }
                await eventually { fixture.server.requestsInFlight == 0 }
            }
            fixture.host.releaseStarts()
            let other = try await fixture.connect()
            #expect(try await other.processes().isEmpty)
        }
    }

    @Test("A client that is gone lets go of stdin and leaves it open")
    func lostConnection() async throws {
        let host = InMemoryProcessHost()
        host.addModule("echo", Script.module("echo", "exit 0"))
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("echo") { _ in }
            _ = id
            let first = try await client.open(.start("echo") { $0.input = true }, end: false)
            guard case .started(let started) = try await first.step() else {
                throw TestFailure("no")
            }
            client.connection.close()
            await eventually { fixture.server.requestsInFlight == 0 }
            let other = try await fixture.connect()
            let call = try await other.open(.attach(started.id) { $0.input = true }, end: false)
            guard case .following(let following) = try await call.step() else {
                throw TestFailure("held")
            }
            #expect(following.process.state == .running)
            call.stream.finish()
            guard case .result(.ended) = try await call.last() else { throw TestFailure("no end") }
        }
    }

    @Test("An internal error has a reference and tells nothing of the host")
    func internalError() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            fixture.host.failNext(
                HostError(.internal, "no such table in /var/lib/selium/state.sqlite"))
            let error = try await client.error(.list())
            #expect(error.code == .internal)
            #expect(!error.reference.isEmpty)
            #expect(!"\(error)".contains("sqlite"))
        }
    }

    @Test("Connections of one identity have a number; the next is closed, others are not")
    func connections() async throws {
        var configuration = ControlFixture.configuration
        configuration.maximumConnectionsPerIdentity = 3
        try await withServer(configuration, host: host()) { fixture in
            var clients: [TestClient] = []
            for _ in 0..<3 {
                let client = try await fixture.connect(as: "alice")
                _ = try await client.ask(.whoAmI)
                clients.append(client)
            }
            let tls = try fixture.certificates.clientContext(identity: "alice")
            #expect(try await fixture.refusal(tls).code == ResetCode.refused.rawValue)
            _ = try await (try fixture.connect(as: "bob")).ask(.whoAmI)
            for client in clients { _ = try await client.ask(.whoAmI) }
        }
    }

    @Test("Requests at work of one identity have a number, over all its connections")
    func requests() async throws {
        var configuration = ControlFixture.configuration
        configuration.maximumRequestsPerIdentity = 4
        configuration.progressInterval = .milliseconds(10)
        let host = host()
        host.holdStarts()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect()
            let second = try await fixture.connect()
            var calls: [TestCall] = []
            for client in [client, client, second, second] {
                let call = try await client.open(.start("hello"), end: false)
                _ = try await call.next()
                calls.append(call)
            }
            let error = try await second.error(.whoAmI)
            #expect(error.code == .resourceExhausted)
            #expect(error.retryable)
            calls[0].cancel()
            await eventually { fixture.server.requestsInFlight <= 3 }
            _ = try await second.result(.whoAmI)
        }
    }

    @Test("Beyond its rate a user's next request is read later, an operator's at once")
    func rate() async throws {
        var configuration = ControlFixture.configuration
        configuration.requestsPerSecond = 200
        configuration.requestBurst = 5
        try await withServer(configuration, host: host()) { fixture in
            let clock = ContinuousClock()
            let user = try await fixture.connect(as: "alice")
            let chief = try await fixture.connect()
            let slow = try await clock.measure {
                for _ in 0..<45 { _ = try await user.result(.whoAmI) }
            }
            // 40 beyond the burst, at 200 a second.
            #expect(slow >= .milliseconds(180))
            for _ in 0..<45 { _ = try await chief.result(.whoAmI) }
        }
    }

    @Test("STOP_SENDING alone, after FIN, is heard at the next sign of life")
    func stopSendingAlone() async throws {
        var configuration = ControlFixture.configuration
        configuration.silenceInterval = .milliseconds(10)
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            for request in [WireRequest.wait(id), .attach(id)] {
                let call = try await client.open(request)
                _ = try await call.step()
                call.stream.stopSending(code: ResetCode.cancelled.rawValue)
                await eventually { fixture.server.requestsInFlight == 0 }
            }
        }
    }

    @Test("A graceful shutdown lets what is under way end, refuses the rest, then closes with 4")
    func shutdown() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            let call = try await client.open(.wait(id))
            _ = try await call.step()
            fixture.server.beginGracefulShutdown()
            fixture.server.beginGracefulShutdown()
            let refused = try await client.error(.whoAmI)
            #expect(refused.code == .unavailable)
            #expect(refused.retryable)
            _ = try await fixture.host.stop(try #require(ProcessID(id)), idempotency: nil)
            guard case .result(.ended) = try await call.last() else { throw TestFailure("no end") }
            let end = await client.connection.ended()
            guard case .closedByPeer(4, isTransport: false, _) = end else {
                throw TestFailure("\(end)")
            }
        }
    }

    @Test("Long frames share 16 MiB; frames of the usual size are always taken")
    func longFrames() async throws {
        var configuration = ControlFixture.configuration
        configuration.largeFrameBytes = 200_000
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect()
            let bytes = [UInt8](repeating: 0x23, count: 150_000)
            func begin(_ last: UInt8) async throws -> TestCall {
                let module = Array(Script.module("exit 0")) + bytes + [last]
                let call = try await client.open(.start(upload: module), end: false)
                guard case .upload = try await call.step() else { throw TestFailure("no upload") }
                return call
            }
            let first = try await begin(1)
            let second = try await begin(2)
            let frame = FrameEncoder.upload(bytes)
            try await first.send(Array(frame.prefix(100)))
            // The server has seen the first one's length once it has answered on another stream.
            _ = try await client.ask(.whoAmI)
            try await second.send(Array(frame.prefix(100)))
            guard case .error(let error) = try await second.last() else {
                throw TestFailure("taken")
            }
            #expect(error.code == .resourceExhausted)
            first.cancel()
        }
    }

    @Test("A server that nobody talks to ends at once when it is told to")
    func shutdownIdle() async throws {
        let certificates = try LiveCertificates()
        let configuration = ControlFixture.configuration
        let listener = try await ControlServer.listen(
            on: [SocketAddress(parsing: "127.0.0.1:0")], identity: certificates.serverIdentity(),
            clientRoots: certificates.trustRoots, configuration: configuration,
            authority: .unrestricted, logger: ControlFixture.quiet)
        let server = ControlServer(
            host: host(), configuration: configuration, logger: ControlFixture.quiet)
        server.beginGracefulShutdown()
        await server.run(listener)
        #expect(server.requestsInFlight == 0)
    }

    @Test("An answer that nobody reads is given up; a stalled attach is not")
    func stalledAnswer() async throws {
        var configuration = ControlFixture.configuration
        configuration.stallTimeout = .milliseconds(50)
        configuration.listFrame = 16 << 10
        let host = host()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect()
            let large = try await client.start("large")
            let attached = try await client.open(.attach(large), end: false)
            guard case .following = try await attached.step() else { throw TestFailure("no") }
            var request = WireRequest()
            let name = String(repeating: "m", count: 250)
            let id = try await client.start("waits") { start in
                start.moduleName = name
                start.grants = [
                    "NetQuicBind", "NetQuicAccept", "NetQuicConnect", "NetQuicRead", "NetQuicWrite",
                    "NetHttpBind", "NetHttpAccept", "NetHttpConnect", "NetHttpRead", "NetHttpWrite",
                    "NetTcpBind", "NetTcpAccept", "NetTcpConnect", "NetTcpRead", "NetTcpWrite",
                ].map { name in .with { $0.capability = name } }
            }
            request.list.processes = (0..<1_024).map { _ in .with { $0.id = id } }
            let stalled = try await client.open(request)
            // It may have been given up already.
            _ = try? await stalled.next()
            // Only the attach is left.
            await eventually { fixture.server.requestsInFlight <= 1 }
            guard case .stopped = try await client.result(.stop(large)) else {
                throw TestFailure("no")
            }
            guard case .result(.ended) = try await attached.last() else { throw TestFailure("no") }
        }
    }

    @Test("A refused attach of a flooding process ends, though there is always more to send")
    func refusedFlood() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("flood")
            let call = try await client.open(.attach(id), end: false)
            guard case .following = try await call.step() else { throw TestFailure("no") }
            try await call.send(FrameEncoder.input([1]))
            guard case .error(let error) = try await call.last() else { throw TestFailure("taken") }
            #expect(error.code == .invalidArgument)
        }
    }
}
