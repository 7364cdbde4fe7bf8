import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

/// Requests that wait for their reader, and what they may hold meanwhile.
@Suite(.serialized, .inTurn(minutes: 2)) struct WaitingTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("hello", Script.module("exit 0"))
        host.addModule("waits", Script.module("wait"))
        host.addModule("echo", Script.module("echo", "exit 0"))
        host.addModule("large", Script.module("fill 3000000", "wait"))
        return host
    }

    /// A client whose streams take almost nothing.
    private var narrow: QUICConfiguration {
        var transport = QUICConfiguration.client
        transport.streamWindow = 64
        transport.maximumStreamWindow = 64
        return transport
    }

    @Test("Attaches that wait for their readers lock no other client of the identity out")
    func stalledReaders() async throws {
        var configuration = ControlFixture.configuration
        configuration.maximumRequestsPerIdentity = 4
        try await withServer(configuration, host: host()) { fixture in
            let first = try await fixture.connect(as: "alice")
            let id = try await first.start("large")
            var calls: [TestCall] = []
            for client in [first, try await fixture.connect(as: "alice")] {
                for _ in 0..<8 {
                    let call = try await client.open(.attach(id), end: false)
                    guard case .following = try await call.step() else { throw TestFailure("no") }
                    calls.append(call)
                }
            }
            let other = try await fixture.connect(as: "alice")
            #expect(try await other.processes().count == 1)
            #expect(fixture.server.requestsInFlight >= 16)
            for call in calls { call.cancel() }
            await eventually { fixture.server.requestsInFlight == 0 }
        }
    }

    @Test("A sign of life that nobody reads holds up neither the answer nor the next request")
    func stuckClock() async throws {
        var configuration = ControlFixture.configuration
        configuration.maximumRequestsPerIdentity = 1
        configuration.progressInterval = .milliseconds(1)
        configuration.tickInterval = .milliseconds(1)
        configuration.streamBuffer = 64
        let host = host()
        host.holdStarts()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect(as: "alice", transport: narrow)
            let call = try await client.open(.start("hello"), end: false)
            let other = try await fixture.connect(as: "alice")
            // Until its window and its buffer are full of progress.
            await eventually { fixture.server.bufferedBytes >= 60 }
            #expect(try await other.error(.whoAmI).code == .resourceExhausted)
            fixture.host.releaseStarts()
            // The start is done: only its reader is waited for.
            var isServed = false
            while !isServed { if case .result = try await other.ask(.whoAmI) { isServed = true } }
            guard case .result(.started) = try await call.last() else { throw TestFailure("no") }
        }
    }

    @Test("A refused attach gives stdin back although a sign of life of its is stuck")
    func stuckClockRefused() async throws {
        var configuration = ControlFixture.configuration
        configuration.silenceInterval = .milliseconds(1)
        configuration.tickInterval = .milliseconds(1)
        configuration.streamBuffer = 256
        configuration.stallTimeout = .milliseconds(200)
        try await withServer(configuration, host: host()) { fixture in
            let other = try await fixture.connect()
            let id = try await other.start("waits") { _ in }
            _ = id
            let echo = try await other.open(.start("echo") { $0.input = true }, end: false)
            guard case .started(let started) = try await echo.step() else {
                throw TestFailure("no")
            }
            echo.cancel()
            await eventually { fixture.server.requestsInFlight == 0 }
            let client = try await fixture.connect(transport: narrow)
            let call = try await client.open(.attach(started.id) { $0.input = true }, end: false)
            // Following, and then signs of life until nothing more fits.
            await eventually { fixture.server.bufferedBytes >= 250 }
            try await call.send(FrameEncoder.upload([1]))
            // stdin is free again at once, and the stream is given up in the end.
            var isOpen = false
            while !isOpen {
                let next = try await other.open(
                    .attach(started.id) { $0.input = true }, end: false)
                if case .following = try await next.step() { isOpen = true }
                next.cancel()
            }
            await eventually { fixture.server.requestsInFlight == 0 }
        }
    }

    @Test("A compile that begins while a sign of life is stuck is no reader that stands still")
    func stuckClockCompiling() async throws {
        var configuration = ControlFixture.configuration
        configuration.progressInterval = .milliseconds(1)
        configuration.tickInterval = .milliseconds(1)
        configuration.streamBuffer = 64
        let host = host()
        host.holdStarts()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect(transport: narrow)
            let stuck = try await client.open(.start("hello"), end: false)
            await eventually { fixture.server.bufferedBytes >= 60 }
            let other = try await (try fixture.connect()).open(.start("hello"))
            /// Another one's signs of life: the clock has looked as often.
            func look(_ times: Int, while phase: WireProgress.Phase) async throws {
                var seen = 0
                while seen < times {
                    guard case .frame(.progress(let progress))? = try await other.next() else {
                        throw TestFailure("no progress")
                    }
                    if progress.phase == phase { seen += 1 }
                }
            }
            try await look(5, while: .working)
            fixture.host.pretendToCompile()
            try await look(5, while: .compiling)
            fixture.host.releaseStarts()
            for call in [stuck, other] {
                guard case .result(.started) = try await call.last() else {
                    throw TestFailure("no")
                }
            }
        }
    }

    @Test("What one identity makes the server hold is bounded; others are served")
    func buffers() async throws {
        var configuration = ControlFixture.configuration
        let bound = 1 << 20
        configuration.maximumBufferedPerIdentity = bound
        configuration.bufferSample = 64 << 10
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            let id = try await client.start("large")
            var calls: [TestCall] = []
            for _ in 0..<32 {
                let call = try await client.open(.attach(id), end: false)
                guard case .following = try await call.step() else { throw TestFailure("refused") }
                calls.append(call)
            }
            // Nobody reads: they would like to hold 8 MiB. Until that stands still.
            var (before, now, peak) = (-1, 0, 0)
            while before != now || now < bound / 2 {
                before = now
                for _ in 0..<10 {
                    try await Task.sleep(for: .milliseconds(5))
                    now = fixture.server.bufferedBytes
                    peak = max(peak, now)
                }
            }
            #expect(peak <= bound + 64 << 10)
            // A short call finds what it needs.
            #expect(try await client.processes().count == 1)
            // Another identity finds all its room, and reads everything.
            let bob = try await fixture.connect(as: "bob")
            let large = try await bob.start("large")
            let reader = try await bob.open(.attach(large), end: false)
            var bytes = 0
            while bytes < 3_000_000, let answer = try await reader.next() {
                if case .log(let content) = answer { bytes += content.count }
            }
            reader.cancel()
            // Whoever reads, or gives up, makes room.
            for call in calls.dropFirst() { call.cancel() }
            var isServed = false
            while !isServed { if case .result = try await client.ask(.list()) { isServed = true } }
            guard case .stopped = try await client.result(.stop(id)) else { throw TestFailure("") }
            let (entries, gaps, _) = try await calls[0].collect()
            #expect(entries.text().utf8.count == 3_000_000)
            #expect(gaps.isEmpty)
        }
    }

    @Test("Half frames count too: a caller that leaves many is refused, and only that one")
    func unfinished() async throws {
        var configuration = ControlFixture.configuration
        configuration.maximumBufferedPerIdentity = 200_000
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            // A request of 60,000 bytes of which all but the last have come.
            let bytes = try FrameEncoder.encode(
                WireRequest.start("hello") { start in
                    start.argv = [String(repeating: "a", count: 60_000)]
                }, limits: .standard)
            var calls: [TestCall] = []
            for _ in 0..<6 {
                calls.append(try await client.open(raw: Array(bytes.dropLast()), end: false))
            }
            await eventually { fixture.server.bufferedBytes > 160_000 }
            var refused = 0
            for call in calls {
                call.stream.finish()
                guard case .error(let error) = try await call.last() else {
                    throw TestFailure("taken")
                }
                if error.code == .resourceExhausted { refused += 1 }
            }
            #expect(refused >= 1)
            let bob = try await fixture.connect(as: "bob")
            #expect(try await bob.processes().isEmpty)
            await eventually { fixture.server.bufferedBytes == 0 }
            _ = try await client.result(.whoAmI)
        }
    }

    @Test("STOP_SENDING alone ends a silent attach and a start that waits at once")
    func stopSending() async throws {
        var configuration = ControlFixture.configuration
        // No sign of life would find out.
        configuration.silenceInterval = .seconds(3_600)
        configuration.progressInterval = .seconds(3_600)
        let host = host()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            for request in [WireRequest.wait(id), .attach(id)] {
                let call = try await client.open(request)
                _ = try await call.step()
                call.stream.stopSending(code: ResetCode.cancelled.rawValue)
                await eventually { fixture.server.requestsInFlight == 0 }
            }
            fixture.host.holdStarts()
            let call = try await client.open(.start("hello"))
            await eventually { fixture.server.requestsInFlight == 1 }
            call.stream.stopSending(code: ResetCode.cancelled.rawValue)
            await eventually { fixture.server.requestsInFlight == 0 }
            fixture.host.releaseStarts()
            #expect(try await client.processes().count == 1)
        }
    }

    @Test("A start that waits for a compile says so, at once and again")
    func compiling() async throws {
        var configuration = ControlFixture.configuration
        configuration.progressInterval = .milliseconds(20)
        let host = host()
        host.holdStarts()
        host.pretendToCompile()
        try await withServer(configuration, host: host) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start("hello"))
            for _ in 0..<5 {
                guard case .frame(.progress(let progress))? = try await call.next() else {
                    throw TestFailure("no progress")
                }
                #expect(progress.phase == .compiling)
            }
            fixture.host.releaseStarts()
            guard case .result(.started) = try await call.last() else { throw TestFailure("no") }
        }
    }
}
