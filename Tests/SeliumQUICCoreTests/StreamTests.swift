import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Streams", .inTurn())
struct StreamTests {
    @Test("a small request is echoed")
    func echo() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, _) = try pair.connect()
        let sink = try pair.exchange(client, text("hello"))
        #expect(sink.bytes == text("hello"))
        #expect(sink.isEnded)
    }

    @Test(
        "megabytes arrive whole, both ways, over every kind of bad network",
        arguments: [
            SimulatedNetwork.Conditions(),
            .init(delay: 20_000_000, jitter: 15_000_000),
            .init(delay: 2_000_000, lossPerMille: 30),
            .init(delay: 2_000_000, jitter: 2_000_000, lossPerMille: 20, duplicatePerMille: 50),
            .init(delay: 50_000, duplicatePerMille: 300),
        ])
    func bulk(_ conditions: SimulatedNetwork.Conditions) throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let pair = try QUICPair(conditions: conditions, seed: seed)
            pair.serveEcho()
            let (client, _) = try pair.connect()
            let bytes = random.bytes(1_500_000)
            let sink = try pair.exchange(client, bytes, limit: .seconds(600))
            #expect(sink.isEnded, "seed \(seed)")
            #expect(sink.bytes == bytes, "seed \(seed)")
        }
    }

    @Test("many streams at once each get their own bytes")
    func parallel() throws {
        let pair = try QUICPair(conditions: .init(delay: 1_000_000, lossPerMille: 20), seed: 7)
        pair.serveEcho()
        let (client, _) = try pair.connect()
        var open: [(stream: CoreStream, sink: Sink, source: Source)] = []
        for number in 0..<50 {
            let stream = try #require(client.openStream())
            let source = Source([UInt8](repeating: UInt8(number), count: 10_000 + number))
            open.append((stream, Sink(), source))
        }
        let isDone = pair.run(until: {
            for one in open {
                one.source.pump(client, one.stream)
                one.sink.drain(client, one.stream)
            }
            return open.allSatisfy { $0.sink.isEnded }
        })
        #expect(isDone)
        for one in open { #expect(one.sink.bytes == one.source.bytes) }
    }

    @Test("64 stalled streams and a stalled upload delay another stream by nothing")
    func stalled() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        // The server floods 64 streams that the client never reads, as attaches do.
        var flooded: [CoreStream] = []
        for _ in 0..<64 {
            let stream = try #require(client.openStream())
            _ = client.write(stream, text("attach").span)
            flooded.append(stream)
        }
        #expect(pair.run(until: { pair.server.inbound.count == 64 }))
        let chunk = [UInt8](repeating: 1, count: 64 << 10)
        for stream in pair.server.inbound {
            while case .taken(let count) = server.write(stream, chunk.span), count > 0 {}
        }
        // And an upload that the server does not read.
        let upload = try #require(client.openStream())
        while case .taken(let count) = client.write(upload, chunk.span), count > 0 {}
        pair.run(for: .seconds(2))
        for stream in flooded { #expect(client.bufferedCount(of: stream) >= 60_000) }

        let start = pair.now
        pair.server.onEvent = { connection, event in
            guard case .readable(let stream) = event, stream.id == upload.id + 4 else { return }
            if case .bytes = connection.read(stream, atMost: 100) {
                _ = connection.write(stream, text("process table").span)
                connection.finish(stream)
            }
        }
        let sink = try pair.exchange(client, text("ps"))
        #expect(sink.bytes == text("process table"))
        #expect(pair.now - start < 10_000_000)
        _ = server
    }

    @Test("unacknowledged bytes of one stream are bounded, and an unread stream holds its writer")
    func backPressure() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        let chunk = [UInt8](repeating: 9, count: 1 << 20)
        guard case .taken(let first) = client.write(stream, chunk.span) else {
            Issue.record("nothing was taken")
            return
        }
        #expect(first == 256 << 10)
        #expect(isTaken(client.write(stream, chunk.span), 0))
        pair.run(for: .seconds(5))
        // The receiver's first window is 64 KiB: that much was acknowledged, no more was sent.
        guard case .taken(let second) = client.write(stream, chunk.span) else {
            Issue.record("nothing was taken")
            return
        }
        #expect(second <= 64 << 10)
        let remote = try #require(pair.server.inbound.first)
        #expect(server.bufferedCount(of: remote) <= 64 << 10)
        // Reading sets it free again.
        let sink = Sink()
        #expect(
            pair.run(until: {
                sink.drain(server, remote)
                return sink.bytes.count == first + second
            }))
    }

    @Test("a stream that carries bulk gets a larger window, up to the limit")
    func windowGrows() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, _) = try pair.connect()
        let stream = try #require(client.openStream())
        let (source, sink) = (Source([UInt8](repeating: 3, count: 6 << 20)), Sink())
        #expect(
            pair.run(until: {
                source.pump(client, stream)
                sink.drain(client, stream)
                return sink.isEnded
            }))
        #expect(client.window(of: stream) == 1 << 20)
        #expect(sink.bytes.count == 6 << 20)
    }

    @Test(
        "a closed stream gives its window back when it was read or let go, not before",
        arguments: [true, false])
    func unreadWindow(isRead: Bool) throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        _ = client.write(stream, [UInt8](repeating: 5, count: 50_000).span)
        client.finish(stream)
        pair.run(for: .seconds(1))
        let remote = try #require(pair.server.inbound.first)
        server.finish(remote)
        pair.run(for: .seconds(1))
        #expect(server.streamCount == 0)
        #expect(server.bufferedCount(of: remote) == 50_000)
        #expect(server.grantedWindow == server.window(of: remote))
        if isRead {
            let sink = Sink()
            sink.drain(server, remote, limit: 40_000)
            #expect(sink.bytes.count == 50_000)
        } else {
            server.release(remote, code: 0)
        }
        #expect(server.grantedWindow == 0)
        server.release(remote, code: 0)
        #expect(server.grantedWindow == 0)
    }

    @Test("a reset reaches the other side with its code", arguments: [true, false])
    func reset(byClient: Bool) throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let (near, far, stream, remote) = try Self.open(pair, client, server, fromClient: byClient)
        near.reset(stream, code: 77)
        let sink = Sink()
        #expect(
            pair.run(until: {
                sink.drain(far, remote)
                return sink.resetCode == 77
            }))
        // The other half goes on.
        #expect(isTaken(far.write(remote, text("still").span), 5))
        far.finish(remote)
        let answer = Sink()
        #expect(
            pair.run(until: {
                answer.drain(near, stream)
                return answer.isEnded
            }))
        #expect(answer.bytes == text("still"))
    }

    @Test("stop-sending reaches the writer with its code", arguments: [true, false])
    func stopSending(byClient: Bool) throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let (near, far, stream, remote) = try Self.open(pair, client, server, fromClient: byClient)
        near.stopSending(stream, code: 55)
        #expect(
            pair.run(until: {
                if case .stopped(55)? = far.refusal(of: remote) { true } else { false }
            }))
        // Our own half goes on.
        #expect(isTaken(near.write(stream, text("more").span), 4))
        near.finish(stream)
        let sink = Sink()
        #expect(
            pair.run(until: {
                sink.drain(far, remote)
                return sink.isEnded
            }))
        #expect(sink.bytes == text("more"))
    }

    @Test("stop-sending wakes a writer that waits for room")
    func stopSendingWakes() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        let chunk = [UInt8](repeating: 9, count: 1 << 20)
        _ = client.write(stream, chunk.span)
        #expect(pair.run(until: { !pair.server.inbound.isEmpty }))
        pair.run(for: .seconds(1))
        var wasWoken = false
        pair.clients[0].onEvent = { _, event in
            if case .writable(let woken) = event, woken === stream { wasWoken = true }
        }
        server.stopSending(pair.server.inbound[0], code: 3)
        #expect(pair.run(until: { wasWoken }))
        guard case .stopped(3)? = client.refusal(of: stream) else {
            Issue.record("not stopped")
            return
        }
    }

    @Test("finishing both halves closes the stream and gives the other side a new one")
    func credit() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumRemoteStreams = 3
        let pair = try QUICPair(server: configuration)
        pair.serveEcho()
        let (client, server) = try pair.connect()
        for round in 0..<10 {
            let sink = try pair.exchange(client, text("round \(round)"))
            #expect(sink.bytes == text("round \(round)"))
            for stream in pair.server.inbound { server.release(stream, code: 1) }
            pair.run(for: .milliseconds(200))
        }
        #expect(pair.server.inbound.count == 10)
        #expect(server.streamCount == 0)
        #expect(client.streamCount == 0)
    }

    @Test("a peer that opens and resets streams gets no new ones until the server let go")
    func rapidReset() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumRemoteStreams = 4
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        for _ in 0..<4 {
            let stream = try #require(client.openStream())
            _ = client.write(stream, text("x").span)
            pair.run(for: .milliseconds(10))
            client.reset(stream, code: 1)
            client.stopSending(stream, code: 1)
        }
        pair.run(for: .seconds(1))
        #expect(client.openStream() == nil)
        for stream in pair.server.inbound { server.release(stream, code: 1) }
        #expect(pair.run(until: { client.streamCredit == 4 }))
        #expect(client.openStream() != nil)
    }

    @Test("no stream beyond the limit, and none from the server to a client that grants none")
    func limits() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        for _ in 0..<100 { #expect(client.openStream() != nil) }
        #expect(client.openStream() == nil)
        #expect(server.openStream() == nil)
    }

    @Test("what arrived before the connection's end can still be read")
    func readAfterEnd() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("last words").span)
        #expect(pair.run(until: { !pair.server.inbound.isEmpty }))
        client.close(code: 0, reason: "", now: pair.now)
        #expect(pair.run(until: { server.end != nil }))
        let sink = Sink()
        sink.drain(server, pair.server.inbound[0])
        #expect(sink.bytes == text("last words"))
        guard case .ended = server.read(pair.server.inbound[0], atMost: 1) else {
            Issue.record("not ended")
            return
        }
    }

    private static func open(
        _ pair: QUICPair, _ client: CoreConnection, _ server: CoreConnection, fromClient: Bool
    ) throws -> (CoreConnection, CoreConnection, CoreStream, CoreStream) {
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("begin").span)
        try #require(pair.run(until: { !pair.server.inbound.isEmpty }))
        let remote = pair.server.inbound[0]
        _ = server.read(remote, atMost: 100)
        return fromClient ? (client, server, stream, remote) : (server, client, remote, stream)
    }

    private func isTaken(_ write: CoreWrite, _ count: Int) -> Bool {
        if case .taken(count) = write { true } else { false }
    }
}
