import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Hostile datagrams", .inTurn())
struct HostileTests {
    @Test(
        "garbage of every length crashes nobody and ends nothing", arguments: [1, 2, 3] as [UInt64])
    func garbage(seed: UInt64) throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, server) = try pair.connect()
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let length = Int.random(in: 0...1_500, using: &random)
            var bytes = random.bytes(length)
            if random.happens(perMille: 500), !bytes.isEmpty { bytes[0] |= 0xc0 }
            if random.happens(perMille: 300), bytes.count > 5 {
                bytes.replaceSubrange(1..<5, with: [0, 0, 0, 1])
            }
            let port = UInt16.random(in: 0 ... .max, using: &random)
            let source = SocketAddress(
                IPv4Address(bits: UInt32.random(in: 0 ... .max, using: &random)), port: port)
            pair.inject(bytes, from: source, to: pair.server)
            pair.inject(bytes, from: QUICPair.serverAddress, to: pair.clients[0])
        }
        pair.run(for: .seconds(10))
        #expect(client.end == nil)
        #expect(server.end == nil)
        #expect(try pair.exchange(client, text("alive")).bytes == text("alive"))
        #expect(pair.server.endpoint.halfOpenCount == 0)
    }

    @Test("mutated copies of real packets crash nobody", arguments: [11, 12, 13, 14] as [UInt64])
    func mutated(seed: UInt64) throws {
        let pair = try QUICPair(seed: seed)
        pair.serveEcho()
        let random = Box(SeededRandom(seed: seed))
        pair.network.filter = { datagram in
            var copies = [datagram]
            for _ in 0..<3 {
                var copy = datagram
                copy.bytes = Self.mutate(datagram.bytes, &random.value)
                copies.insert(copy, at: Int.random(in: 0...copies.count, using: &random.value))
            }
            return copies
        }
        for number in 0..<5 {
            let node = try pair.addClient()
            let client = node.connections[0]
            pair.run(until: { client.isHandshakeConfirmed || client.end != nil })
            guard client.isHandshakeConfirmed else { continue }
            let bytes = SeededBytes.make(20_000 + number)
            #expect(try pair.exchange(client, bytes).bytes == bytes)
        }
        pair.network.filter = nil
        pair.run(for: .seconds(10))
        #expect(pair.server.endpoint.halfOpenCount == 0)
        let (client, _) = try pair.connect()
        #expect(try pair.exchange(client, text("alive")).bytes == text("alive"))
    }

    private static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        case 1: bytes += random.bytes(Int.random(in: 1...200, using: &random))
        default:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                // Most of the sense is at the beginning.
                let range = Bool.random(using: &random) ? min(40, bytes.count) : bytes.count
                bytes[Int.random(in: 0..<range, using: &random)] ^= UInt8.random(
                    in: 1 ... .max, using: &random)
            }
        }
        return bytes
    }

    @Test("copies of a handshake's packets, in any order, from anywhere, open nothing for long")
    func replays() throws {
        let pair = try QUICPair()
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            box.value.append(datagram)
            return [datagram]
        }
        pair.serveEcho()
        let (client, _) = try pair.connect()
        #expect(try pair.exchange(client, text("x")).bytes == text("x"))
        var random = SeededRandom(seed: 5)
        for _ in 0..<3_000 {
            let copy = box.value.randomElement(using: &random)
            let port = UInt16.random(in: 1 ... .max, using: &random)
            let source = SocketAddress(IPv4Address(203, 0, 113, 1), port: port)
            if let copy { pair.inject(copy.bytes, from: source, to: pair.server) }
        }
        pair.run(for: .seconds(10))
        #expect(try pair.exchange(client, text("y")).bytes == text("y"))
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 1)
    }

    @Test("datagrams from addresses that cannot be answered are dropped unseen")
    func unanswerable() throws {
        let pair = try QUICPair()
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            box.value.append(datagram)
            return []
        }
        try pair.addClient()
        let hello = try #require(box.value.first)
        for source in [
            "192.0.2.7:0", "224.0.0.1:5", "255.255.255.255:5", "0.0.0.0:5", "[ff02::1]:5",
        ] {
            let address = try SocketAddress(parsing: source)
            pair.inject(hello.bytes, from: address, to: pair.server)
        }
        #expect(pair.server.endpoint.connectionCount == 0)
        #expect(pair.server.endpoint.statistics.dropped == 5)
    }

    @Test("a flood of control frames closes the connection with code 2")
    func flood() throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 50
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        for _ in 0..<100 where client.end == nil {
            guard let stream = client.openStream() else { break }
            _ = client.write(stream, text("x").span)
            pair.run(for: .microseconds(100))
            client.reset(stream, code: 1)
            client.stopSending(stream, code: 1)
        }
        #expect(pair.run(until: { client.end != nil && server.end != nil }))
        #expect(
            client.end == .closedByPeer(code: 2, isTransport: false, reason: "control frame flood"))
        guard case .violation(code: 2, isTransport: false, _) = server.end else {
            Issue.record("\(String(describing: server.end))")
            return
        }
    }

    @Test(
        "so does a flood of those that belong to no stream, however few packets they come in",
        arguments: [("PING", [1]), ("PATH_CHALLENGE", [0x1a, 1, 2, 3, 4, 5, 6, 7, 8])]
            as [(String, [UInt8])])
    func connectionFlood(name: String, frame: [UInt8]) throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 50
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        pair.clients[0].mutation = { frames in
            let count = frames.count / frame.count * frame.count
            for index in 0..<frames.count {
                frames[index] = index < count ? frame[index % frame.count] : 0
            }
        }
        let stream = try #require(client.openStream())
        _ = client.write(stream, SeededBytes.make(2_000).span)
        #expect(pair.run(until: { client.end != nil && server.end != nil }))
        #expect(
            client.end == .closedByPeer(code: 2, isTransport: false, reason: "control frame flood"))
    }

    @Test("as many control frames in more time are no flood")
    func noFlood() throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 50
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        for _ in 0..<90 {
            guard let stream = client.openStream() else { break }
            _ = client.write(stream, text("x").span)
            pair.run(for: .milliseconds(60))
            client.reset(stream, code: 1)
            client.stopSending(stream, code: 1)
        }
        pair.run(for: .seconds(1))
        #expect(client.end == nil)
        #expect(server.end == nil)
    }

    @Test("resets that our own stop-sendings ask for are no flood")
    func answeredResets() throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 20
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        for _ in 0..<80 {
            let stream = try #require(client.openStream())
            _ = client.write(stream, text("x").span)
            pair.run(for: .milliseconds(3))
            // Answered before the client has finished, as a server may.
            for remote in pair.server.inbound {
                server.finish(remote)
                server.release(remote, code: 0)
            }
            pair.run(for: .milliseconds(3))
            client.release(stream, code: 1)
        }
        #expect(pair.server.inbound.count == 80)
        #expect(server.end == nil)
        #expect(client.end == nil)
    }

    @Test("each of a hundred stop-sendings in one datagram is heard")
    func manyStops() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let streams = try (0..<100).map { _ in try #require(client.openStream()) }
        for stream in streams { _ = client.write(stream, text("x").span) }
        pair.run(for: .milliseconds(10))
        #expect(pair.server.inbound.count == 100)
        let sent = pair.network.sentCount
        for stream in streams { client.stopSending(stream, code: 9) }
        pair.flush()
        #expect(pair.network.sentCount == sent + 1)
        pair.run(for: .milliseconds(2))
        for remote in pair.server.inbound {
            let refusal = server.refusal(of: remote)
            guard case .stopped(9)? = refusal else {
                Issue.record("stream \(remote.id): \(String(describing: refusal))")
                continue
            }
        }
    }

    @Test("copied packets are not counted as a flood")
    func copiesAreNoFlood() throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 20
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source != QUICPair.serverAddress { box.value.append(datagram) }
            return [datagram]
        }
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("x").span)
        client.reset(stream, code: 1)
        pair.run(for: .milliseconds(10))
        for _ in 0..<500 {
            for copy in box.value { pair.inject(copy.bytes, from: copy.source, to: pair.server) }
        }
        #expect(server.end == nil)
    }

    @Test("a hundred recorded packets, sent again and again in turn, are no flood")
    func manyCopiesAreNoFlood() throws {
        var configuration = QUICConfiguration.server
        configuration.controlFramesPerSecond = 150
        let pair = try QUICPair(server: configuration)
        let (client, server) = try pair.connect()
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source != QUICPair.serverAddress { box.value.append(datagram) }
            return [datagram]
        }
        // A packet with a counted frame each, slowly.
        for _ in 0..<90 {
            let stream = try #require(client.openStream())
            _ = client.write(stream, text("x").span)
            client.reset(stream, code: 1)
            pair.run(for: .milliseconds(30))
        }
        #expect(box.value.count >= 90)
        for _ in 0..<20 {
            for copy in box.value { pair.inject(copy.bytes, from: copy.source, to: pair.server) }
        }
        #expect(server.end == nil)
        #expect(client.end == nil)
    }
}
