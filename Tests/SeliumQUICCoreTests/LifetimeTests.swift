import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A connection's life", .inTurn())
struct LifetimeTests {
    @Test("silence ends it after the idle timeout, on both sides, without a packet")
    func idle() throws {
        var configuration = QUICConfiguration.client
        configuration.keepAliveInterval = nil
        let pair = try QUICPair(client: configuration)
        let (client, server) = try pair.connect()
        let start = pair.now
        pair.run(for: .seconds(2))
        let sent = pair.network.sentCount
        #expect(pair.run(until: { client.end != nil && server.end != nil }, limit: .seconds(40)))
        #expect(client.end == .idle)
        #expect(server.end == .idle)
        #expect(pair.now - start >= 29_000_000_000)
        #expect(pair.network.sentCount - sent <= 2)
        #expect(pair.server.endpoint.connectionCount == 0)
    }

    @Test("keep-alive keeps it for as long as both are there")
    func keepAlive() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        pair.run(for: .seconds(300))
        #expect(client.end == nil)
        #expect(server.end == nil)
        pair.clients[0].isCut = true
        #expect(pair.run(until: { server.end != nil }, limit: .seconds(45)))
        #expect(server.end == .idle)
    }

    @Test("a close reaches the other side with code and reason")
    func close() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        client.close(code: 7, reason: "bye", now: pair.now)
        #expect(client.end == .closedLocally(code: 7))
        #expect(pair.run(until: { server.end != nil }))
        #expect(server.end == .closedByPeer(code: 7, isTransport: false, reason: "bye"))
    }

    @Test("a client that leaves when it has keys, before its last flight, has left: no violation")
    func leftDuringTheHandshake() throws {
        let pair = try QUICPair()
        let node = try pair.addClient()
        node.onEvent = { [unowned pair] client, event in
            guard case .handshakeCompleted = event else { return }
            client.close(code: 7, reason: "bye", now: pair.now)
        }
        let client = node.connections[0]
        #expect(pair.run(until: { !pair.server.endpoint.connections.isEmpty }))
        let server = try #require(pair.server.endpoint.connections.first)
        #expect(pair.run(until: { server.end != nil }))
        #expect(client.end == .closedLocally(code: 7))
        #expect(server.end == .leftByPeer)
        #expect(!server.isHandshakeComplete)
        let error = server.end?.error
        #expect(error?.code == .peerClosed)
        #expect(error?.peerCode == 0xc)
        #expect(error?.isTransportCode == true)
        // Nothing of it is left, and it is nobody's connection.
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 0)
        #expect(pair.server.endpoint.statistics.handshakes == 0)
    }

    @Test("a client that leaves after its last flight, and before it was confirmed, tells its code")
    func leftBeforeConfirmation() throws {
        let pair = try QUICPair()
        let client = try pair.addClient().connections[0]
        #expect(pair.run(until: { client.isHandshakeComplete }))
        client.close(code: 7, reason: "bye", now: pair.now)
        let server = try #require(pair.server.endpoint.connections.first)
        #expect(pair.run(until: { server.end != nil }))
        #expect(server.isHandshakeComplete)
        #expect(server.end == .closedByPeer(code: 7, isTransport: false, reason: "bye"))
    }

    @Test("stragglers hear the close again, ever more rarely; then all is forgotten")
    func closing() throws {
        let pair = try QUICPair(conditions: .init(delay: 1_000_000))
        let (client, server) = try pair.connect()
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source == QUICPair.serverAddress {
                box.value.append(datagram)
                return []
            }
            return [datagram]
        }
        server.close(code: 1, reason: "", now: pair.now)
        pair.flush()
        #expect(box.value.count == 1)
        let stream = try #require(client.openStream())
        for _ in 0..<8 {
            _ = client.write(stream, text("straggler").span)
            pair.run(for: .microseconds(100))
        }
        pair.run(for: .milliseconds(2))
        let answers = box.value.count - 1
        #expect(answers >= 2 && answers <= 4)
        // After 3 PTO its IDs mean nothing: the answer is a stateless reset.
        pair.run(for: .seconds(5))
        #expect(pair.server.endpoint.statistics.statelessResets > 0)
    }

    @Test("whoever was told of the close is silent")
    func draining() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        client.close(code: 1, reason: "", now: pair.now)
        #expect(pair.run(until: { server.end != nil }))
        pair.run(for: .milliseconds(1))
        let sent = pair.network.sentCount
        pair.run(for: .seconds(5))
        #expect(pair.network.sentCount == sent)
        #expect(pair.server.endpoint.connectionCount == 0)
    }

    @Test("a client that hears nothing gives up in time")
    func nothingHeard() throws {
        let pair = try QUICPair()
        pair.server.isCut = true
        let start = pair.now
        let client = try pair.addClient().connections[0]
        #expect(pair.run(until: { client.end != nil }))
        #expect(client.end == .handshakeTimeout(heardAnything: false))
        #expect(pair.now - start <= 5_100_000_000)
    }

    @Test("noise is no sign of a server: only what it alone can have made is")
    func noiseHeard() throws {
        let pair = try QUICPair()
        pair.server.isCut = true
        let hello = Box<[UInt8]>([])
        pair.network.filter = { datagram in
            if hello.value.isEmpty { hello.value = datagram.bytes }
            return [datagram]
        }
        let node = try pair.addClient()
        let client = node.connections[0]
        let start = 7 + Int(hello.value[5])
        let ownID = Array(hello.value[start..<start + Int(hello.value[start - 1])])
        var random = SeededRandom(seed: 8)
        let initial: [UInt8] =
            [0xc3, 0, 0, 0, 1, UInt8(ownID.count)] + ownID + [4, 1, 2, 3, 4, 0, 0x44, 0x60]
        let retry: [UInt8] = [0xf3, 0, 0, 0, 1, UInt8(ownID.count)] + ownID + [4, 1, 2, 3, 4]
        for head in [initial, retry, [0x40] + ownID, [0xc3, 0, 0, 0, 1]] {
            let noise = head + random.bytes(1_200 - head.count)
            pair.inject(noise, from: QUICPair.serverAddress, to: node)
        }
        #expect(pair.run(until: { client.end != nil }))
        #expect(client.end == .handshakeTimeout(heardAnything: false))
    }

    @Test("a server that falls silent in the handshake was heard", arguments: [true, false])
    func silentLater(afterRetry: Bool) throws {
        var configuration = QUICConfiguration.server
        if afterRetry { configuration.retryThreshold = 0 }
        let pair = try QUICPair(server: configuration)
        let count = Box(0)
        pair.network.filter = { datagram in
            guard datagram.source == QUICPair.serverAddress else { return [datagram] }
            count.value += 1
            return count.value == 1 ? [datagram] : []
        }
        let client = try pair.addClient().connections[0]
        #expect(pair.run(until: { client.end != nil }))
        #expect(client.end == .handshakeTimeout(heardAnything: true))
    }

    @Test("a handshake that does not go on is given up by the server, and costs nothing after")
    func halfOpen() throws {
        let pair = try QUICPair()
        let node = try pair.addClient()
        pair.run(for: .microseconds(1_500))
        #expect(pair.server.endpoint.halfOpenCount == 1)
        node.isCut = true
        pair.run(for: .seconds(6))
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 0)
    }

    @Test("a NAT that gives the client another port does not end the connection")
    func rebinding() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, server) = try pair.connect()
        #expect(try pair.exchange(client, text("before")).bytes == text("before"))
        let node = pair.clients[0]
        let before = node.publicAddress
        node.publicAddress = SocketAddress(before.address, port: 41_000)
        #expect(try pair.exchange(client, text("after")).bytes == text("after"))
        pair.run(for: .seconds(1))
        #expect(server.path.remote == node.publicAddress)
        // And again, to another address.
        node.publicAddress = SocketAddress(IPv4Address(203, 0, 113, 77), port: 5)
        let bytes = SeededBytes.make(300_000)
        #expect(try pair.exchange(client, bytes).bytes == bytes)
        pair.run(for: .seconds(1))
        #expect(server.path.remote == node.publicAddress)
    }

    @Test("somebody who repeats the client's packets from elsewhere does not take it over")
    func hijack() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, server) = try pair.connect()
        let stranger = SocketAddress(IPv4Address(203, 0, 113, 9), port: 666)
        let copies = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source != QUICPair.serverAddress { copies.value.append(datagram) }
            return [datagram]
        }
        #expect(try pair.exchange(client, text("mine")).bytes == text("mine"))
        for copy in copies.value { pair.inject(copy.bytes, from: stranger, to: pair.server) }
        #expect(try pair.exchange(client, text("still mine")).bytes == text("still mine"))
        #expect(server.path.remote == pair.clients[0].publicAddress)
    }

    @Test("a clock that goes backwards aborts nothing")
    func clock() throws {
        let pair = try QUICPair()
        let (client, _) = try pair.connect()
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("x").span)
        pair.clients[0].endpoint.handleTimers(now: 1)
        client.close(code: 0, reason: "", now: 2)
        #expect(client.end == .closedLocally(code: 0))
    }

    @Test("an endpoint that is let go of with living connections leaves nothing behind")
    func dropped() throws {
        let left = Left()
        try Self.drop(left, keepsConnection: false)
        #expect(left.endpoint == nil)
        #expect(left.connection == nil)
        #expect(left.stream == nil)
    }

    @Test("a connection that outlives its endpoint is over, and its commands do nothing")
    func outlives() throws {
        let left = Left()
        try Self.drop(left, keepsConnection: true)
        #expect(left.endpoint == nil)
        try Self.useOrphan(left)
        left.kept = nil
        left.keptStream = nil
        #expect(left.connection == nil)
    }

    private static func useOrphan(_ left: Left) throws {
        let connection = try #require(left.kept)
        #expect(connection.end == .closedLocally(code: 0))
        #expect(connection.openStream() == nil)
        connection.close(code: 1, reason: "", now: 1)
        connection.refused(now: 2)
        let stream = try #require(left.keptStream)
        #expect(connection.write(stream, [1].span).isEnded)
        connection.release(stream, code: 1)
    }

    /// Both ends of a connection in the middle of a transfer, and then nobody who holds them.
    private static func drop(_ left: Left, keepsConnection: Bool) throws {
        let pair = try QUICPair()
        let (client, _) = try pair.connect()
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("unfinished").span)
        pair.flush()
        left.endpoint = pair.server.endpoint
        left.connection = client
        left.stream = stream
        if keepsConnection { (left.kept, left.keptStream) = (client, stream) }
    }
}

/// What must be gone, seen without holding it.
private final class Left {
    weak var endpoint: CoreEndpoint?
    weak var connection: CoreConnection?
    weak var stream: CoreStream?
    var kept: CoreConnection?
    var keptStream: CoreStream?
}

extension CoreWrite {
    fileprivate var isEnded: Bool {
        if case .ended = self { true } else { false }
    }
}

enum SeededBytes {
    static func make(_ count: Int) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(count))
        return random.bytes(count)
    }
}
