import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("\"Nobody listens\" during a connection", .inTurn())
struct PeerGoneTests {
    @Test("a forged one ends nothing, one or thousands of them")
    func forged() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, server) = try pair.connect()
        for _ in 0..<5_000 {
            client.refused(now: pair.now)
            pair.run(for: .microseconds(500))
        }
        pair.run(for: .seconds(20))
        #expect(client.end == nil)
        #expect(server.end == nil)
        #expect(try pair.exchange(client, text("still there")).bytes == text("still there"))
    }

    @Test("the question goes out at once, and is one packet for many refusals")
    func asksAtOnce() throws {
        let pair = try QUICPair()
        let (client, _) = try pair.connect()
        pair.run(for: .seconds(1))
        let before = pair.network.sentCount
        for _ in 0..<10 { client.refused(now: pair.now) }
        pair.flush()
        #expect(pair.network.sentCount == before + 1)
    }

    @Test("one that is true ends the connection in a second, whether or not it is repeated")
    func gone() throws {
        for repeats in [false, true] {
            let pair = try QUICPair()
            let (client, _) = try pair.connect()
            pair.server.isCut = true
            let began = pair.now
            client.refused(now: pair.now)
            #expect(
                pair.run(
                    until: {
                        if repeats { client.refused(now: pair.now) }
                        return client.end != nil
                    }, limit: .seconds(5)))
            #expect(client.end == .peerGone)
            #expect(client.end?.error.code == .peerGone)
            #expect(pair.now - began >= 1_000_000_000)
            #expect(pair.now - began < 1_500_000_000)
        }
    }

    @Test("a slow path has three PTO to answer, and the client may have unanswered data of its own")
    func slowPath() throws {
        let pair = try QUICPair(conditions: .init(delay: 400_000_000))
        pair.serveEcho()
        let (client, _) = try pair.connect()
        let stream = try #require(client.openStream())
        _ = client.write(stream, [1, 2, 3].span)
        client.refused(now: pair.now)
        pair.run(for: .seconds(5))
        #expect(client.end == nil)
        pair.server.isCut = true
        let began = pair.now
        client.refused(now: pair.now)
        #expect(pair.run(until: { client.end != nil }, limit: .seconds(20)))
        #expect(client.end == .peerGone)
        // A round trip is 0.8 s: three PTO are more than the second.
        #expect(pair.now - began > 2_400_000_000)
    }

    @Test("one new packet settles it, also when silence follows")
    func answered() throws {
        let pair = try QUICPair()
        let (client, _) = try pair.connect()
        pair.server.isCut = true
        client.refused(now: pair.now)
        pair.run(for: .milliseconds(500))
        pair.server.isCut = false
        pair.run(for: .milliseconds(500))
        pair.server.isCut = true
        pair.run(for: .seconds(10))
        #expect(client.end == nil)
        // Nobody says again that it is gone: silence alone has the idle timeout.
        #expect(pair.run(until: { client.end != nil }, limit: .seconds(60)))
        #expect(client.end == .idle)
    }

    @Test("copies of old packets are no answer")
    func copies() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, _) = try pair.connect()
        let old = Recorded()
        pair.network.filter = { datagram in
            if datagram.source == QUICPair.serverAddress { old.datagrams.append(datagram) }
            return [datagram]
        }
        _ = try pair.exchange(client, text("hello"))
        pair.server.isCut = true
        client.refused(now: pair.now)
        let node = pair.clients[0]
        #expect(!old.datagrams.isEmpty)
        pair.run(
            until: {
                for copy in old.datagrams {
                    pair.inject(copy.bytes, from: copy.source, to: node)
                }
                return client.end != nil
            }, limit: .seconds(5))
        #expect(client.end == .peerGone)
    }

    @Test("during the handshake it is believed")
    func handshake() throws {
        let pair = try QUICPair()
        pair.server.isCut = true
        let client = try pair.addClient().connections[0]
        client.refused(now: pair.now)
        #expect(client.end == .unreachable)
    }
}

/// Datagrams that passed, kept by a test in one thread.
private final class Recorded: @unchecked Sendable {
    var datagrams: [SimulatedDatagram] = []
}
