import SeliumNetCore
import SeliumQUICCore
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Endpoints", .inTurn())
struct EndpointTests {
    private static let stranger = SocketAddress(IPv4Address(203, 0, 113, 5), port: 5_555)

    // MARK: Retry

    @Test("under load addresses are validated with Retry, and then the handshake succeeds")
    func retry() throws {
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = 0
        let pair = try QUICPair(server: configuration)
        pair.serveEcho()
        let (client, _) = try pair.connect()
        #expect(pair.server.endpoint.statistics.retries == 1)
        #expect(try pair.exchange(client, text("x")).bytes == text("x"))
    }

    @Test("from the hundredth half-open connection on there are Retries, and no more memory")
    func retryThreshold() throws {
        let pair = try QUICPair()
        let hellos = try Self.hellos(130, pair)
        for (bytes, source) in hellos { pair.inject(bytes, from: source, to: pair.server) }
        #expect(pair.server.endpoint.halfOpenCount == 100)
        #expect(pair.server.endpoint.statistics.retries == 30)
        // Nothing is left of them after the time allowed.
        pair.network.filter = { _ in [] }
        pair.run(for: .seconds(6))
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 0)
    }

    @Test("a Retry token of another address, too old or invented, does not help")
    func foreignToken() throws {
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = 0
        configuration.retryTokenLifetime = .seconds(2)
        let pair = try QUICPair(server: configuration)
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            guard Self.hasToken(datagram.bytes) else { return [datagram] }
            box.value.append(datagram)
            return []
        }
        try pair.addClient()
        #expect(pair.run(until: { !box.value.isEmpty }))
        let good = box.value[0]
        let endpoint = pair.server.endpoint
        pair.inject(good.bytes, from: Self.stranger, to: pair.server)
        #expect(endpoint.statistics.refusals == 1)
        var invented = good.bytes
        let token = 7 + Int(invented[5]) + Int(invented[6 + Int(invented[5])])
        invented[token + 20] ^= 1
        pair.inject(invented, from: good.source, to: pair.server)
        #expect(endpoint.statistics.refusals == 2)
        pair.run(for: .seconds(3))
        pair.inject(good.bytes, from: good.source, to: pair.server)
        #expect(endpoint.statistics.refusals == 3)
        #expect(endpoint.connectionCount == 0)
    }

    @Test("the second datagram of a post-quantum hello arrives first: Retry, then a handshake")
    func reorderedHello() throws {
        let pair = try QUICPair()
        let held = Box<[SimulatedDatagram]>([])
        let seen = Box(0)
        pair.network.filter = { datagram in
            guard datagram.source != QUICPair.serverAddress else { return [datagram] }
            seen.value += 1
            if seen.value == 1 {
                held.value = [datagram]
                return []
            }
            defer { held.value = [] }
            return [datagram] + held.value
        }
        let (client, _) = try pair.connect()
        #expect(client.isHandshakeConfirmed)
        #expect(pair.server.endpoint.statistics.retries == 1)
        #expect(pair.server.endpoint.connectionCount == 1)
        #expect(pair.server.endpoint.halfOpenCount == 0)
    }

    // MARK: Without a connection

    @Test("an unknown version is answered with the one we speak")
    func versionNegotiation() throws {
        let pair = try QUICPair()
        let sent = Self.record(pair)
        var bytes = [UInt8](repeating: 0, count: 1_200)
        bytes.replaceSubrange(
            0..<16, with: [0xc0, 0xba, 0xba, 0xba, 0xba, 4, 1, 2, 3, 4, 5, 9, 8, 7, 6, 5])
        pair.inject(bytes, from: Self.stranger, to: pair.server)
        pair.flush()
        let answer = try #require(sent.value.first?.bytes)
        #expect(Array(answer[1..<5]) == [0, 0, 0, 0])
        // The IDs come back the other way round.
        #expect(Array(answer[5..<16]) == [5, 9, 8, 7, 6, 5, 4, 1, 2, 3, 4])
        #expect(answer.suffix(4).elementsEqual([0, 0, 0, 1]))
        // Not for a short one: nobody is amplified.
        pair.inject(Array(bytes.prefix(1_100)), from: Self.stranger, to: pair.server)
        pair.flush()
        #expect(sent.value.count == 1)
    }

    @Test("a client that is told of no common version says so")
    func versionMismatch() throws {
        let pair = try QUICPair()
        pair.network.filter = { datagram in
            guard datagram.source != QUICPair.serverAddress else { return [] }
            // What the client called the server comes back as the answer's source.
            let bytes = datagram.bytes
            let destination = Array(bytes[6..<6 + Int(bytes[5])])
            let start = 6 + destination.count
            let source = Array(bytes[start + 1..<start + 1 + Int(bytes[start])])
            var answer: [UInt8] = [0x80, 0, 0, 0, 0, UInt8(source.count)] + source
            answer += [UInt8(destination.count)] + destination + [0xfa, 0xfa, 0xfa, 0xfa]
            return [
                SimulatedDatagram(
                    source: datagram.destination, destination: datagram.source, bytes: answer)
            ]
        }
        let client = try pair.addClient().connections[0]
        #expect(pair.run(until: { client.end != nil }, limit: .seconds(3)))
        #expect(client.end == .versionMismatch)
    }

    @Test("a restarted server resets what it does not know, and the client believes it")
    func statelessReset() throws {
        let key = [UInt8](repeating: 7, count: 32)
        let pair = try QUICPair(resetKey: key)
        let (client, _) = try pair.connect()
        let restarted = try QUICPair(resetKey: key)
        let record = Self.record(restarted)
        // What the client says now reaches the new process.
        let lost = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source != QUICPair.serverAddress { lost.value.append(datagram) }
            return []
        }
        let stream = try #require(client.openStream())
        _ = client.write(stream, text("is anybody there?").span)
        pair.run(for: .milliseconds(10))
        let datagram = try #require(lost.value.first)
        restarted.inject(datagram.bytes, from: datagram.source, to: restarted.server)
        restarted.flush()
        #expect(restarted.server.endpoint.statistics.statelessResets == 1)
        let reset = try #require(record.value.first?.bytes)
        #expect(reset.count < datagram.bytes.count)
        pair.inject(reset, from: QUICPair.serverAddress, to: pair.clients[0])
        pair.flush()
        #expect(client.end == .statelessReset)
        #expect(client.end?.error.code == .statelessReset)
    }

    @Test("a reset of another key is noise")
    func forgedReset() throws {
        let pair = try QUICPair()
        let (client, _) = try pair.connect()
        var random = SeededRandom(seed: 3)
        for _ in 0..<100 {
            var bytes = random.bytes(43)
            bytes[0] = 0x40 | bytes[0] & 0x3f
            pair.inject(bytes, from: QUICPair.serverAddress, to: pair.clients[0])
        }
        #expect(client.end == nil)
    }

    @Test("answers without a connection are limited per second")
    func statelessRate() throws {
        var configuration = QUICConfiguration.server
        configuration.statelessPacketsPerSecond = 10
        let pair = try QUICPair(server: configuration)
        var random = SeededRandom(seed: 4)
        for _ in 0..<100 {
            var bytes = random.bytes(60)
            bytes[0] = 0x40 | bytes[0] & 0x3f
            pair.inject(bytes, from: Self.stranger, to: pair.server)
        }
        #expect(pair.server.endpoint.statistics.statelessResets == 10)
    }

    // MARK: Limits

    @Test("an address has only so many connections; others go on")
    func perAddress() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumConnectionsPerAddress = 3
        let pair = try QUICPair(server: configuration)
        var nodes: [QUICPair.Node] = []
        for port in 1...5 as ClosedRange<UInt16> {
            nodes.append(
                try pair.addClient(
                    address: SocketAddress(IPv4Address(10, 0, 0, 1), port: port)))
            pair.run(for: .milliseconds(100))
        }
        #expect(nodes.filter { $0.connections[0].isHandshakeConfirmed }.count == 3)
        #expect(nodes[4].connections[0].end?.error.code == .connectionRefused)
        let other = try pair.addClient(
            address: SocketAddress(IPv4Address(10, 0, 0, 2), port: 1))
        #expect(pair.run(until: { other.connections[0].isHandshakeConfirmed }))
        // A place becomes free when one leaves.
        nodes[0].connections[0].close(code: 0, reason: "", now: pair.now)
        pair.run(for: .seconds(1))
        let again = try pair.addClient(
            address: SocketAddress(IPv4Address(10, 0, 0, 1), port: 9))
        #expect(pair.run(until: { again.connections[0].isHandshakeConfirmed }))
    }

    @Test("an IPv6 /64 counts as one address")
    func perPrefix() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumConnectionsPerAddress = 1
        let pair = try QUICPair(server: configuration)
        let first = try pair.addClient(
            address: SocketAddress(parsing: "[2001:db8:1:2::1]:1"))
        #expect(pair.run(until: { first.connections[0].isHandshakeConfirmed }))
        let neighbour = try pair.addClient(
            address: SocketAddress(parsing: "[2001:db8:1:2::2]:1"))
        #expect(pair.run(until: { neighbour.connections[0].end != nil }))
        let other = try pair.addClient(
            address: SocketAddress(parsing: "[2001:db8:1:3::1]:1"))
        #expect(pair.run(until: { other.connections[0].isHandshakeConfirmed }))
    }

    @Test("beyond its rate an address has to come back with a token, and then waits")
    func handshakeRate() throws {
        var configuration = QUICConfiguration.server
        configuration.handshakesPerSecond = 1
        configuration.handshakeBurst = 2
        let pair = try QUICPair(server: configuration)
        let address = IPv4Address(10, 0, 0, 1)
        for port in 1...5 as ClosedRange<UInt16> {
            try pair.addClient(address: SocketAddress(address, port: port))
        }
        pair.run(for: .milliseconds(500))
        // Two at once, two with a token; the last one has one and waits.
        #expect(pair.clients.filter { $0.connections[0].isHandshakeConfirmed }.count == 4)
        #expect(pair.server.endpoint.statistics.retries == 3)
        // Its retransmission finds a new token in the bucket.
        #expect(pair.run(until: { self.isConfirmed(pair, 4) }, limit: .seconds(5)))
    }

    private func isConfirmed(_ pair: QUICPair, _ index: Int) -> Bool {
        pair.clients[index].connections[0].isHandshakeConfirmed
    }

    @Test("the server takes so many connections in all, and none while it shuts down")
    func total() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumConnections = 2
        let pair = try QUICPair(server: configuration)
        _ = try pair.connect()
        _ = try pair.connect()
        let third = try pair.addClient().connections[0]
        #expect(pair.run(until: { third.end != nil }))
        #expect(third.end?.error.code == .connectionRefused)

        let closing = try QUICPair()
        let (client, _) = try closing.connect()
        closing.server.endpoint.beginShutdown()
        let late = try closing.addClient().connections[0]
        #expect(closing.run(until: { late.end != nil }))
        #expect(late.end?.error.code == .connectionRefused)
        #expect(client.end == nil)
    }

    @Test("our connection IDs carry the event loop's index")
    func loopIndex() throws {
        let tls = try TestCertificates.shared.serverContext()
        let endpoint = CoreEndpoint(
            tls: tls, configuration: .server, loopIndex: 5, now: 1)
        #expect(endpoint.sampleID().loopIndex == 5)
        #expect(endpoint.sampleID() != endpoint.sampleID())
    }

    // MARK: Helpers

    /// First datagrams of clients that never go on, each from another address.
    private static func hellos(
        _ count: Int, _ pair: QUICPair
    ) throws -> [(bytes: [UInt8], source: SocketAddress)] {
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            box.value.append(datagram)
            return []
        }
        var hellos: [(bytes: [UInt8], source: SocketAddress)] = []
        for number in 0..<count {
            let address = IPv4Address(10, 1, UInt8(number >> 8), UInt8(number & 255))
            try pair.addClient(address: SocketAddress(address, port: 7))
            if let first = box.value.first { hellos.append((first.bytes, first.source)) }
            box.value = []
        }
        return hellos
    }

    private static func hasToken(_ bytes: [UInt8]) -> Bool {
        guard bytes[0] & 0xf0 == 0xc0 else { return false }
        let source = 6 + Int(bytes[5])
        let token = source + 1 + Int(bytes[source])
        return bytes[token] != 0
    }

    /// What the server sends.
    private static func record(_ pair: QUICPair) -> Box<[SimulatedDatagram]> {
        let box = Box<[SimulatedDatagram]>([])
        pair.network.filter = { datagram in
            if datagram.source == QUICPair.serverAddress { box.value.append(datagram) }
            return [datagram]
        }
        return box
    }
}

/// A value that a filter may change; everything in a pair happens on one thread.
final class Box<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) {
        self.value = value
    }
}
