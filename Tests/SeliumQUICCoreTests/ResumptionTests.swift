import SeliumNetCore
import SeliumQUICCore
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Resumption over QUIC", .inTurn())
struct ResumptionTests {
    let certificates = TestCertificates.shared
    let cache = TLSSessionCache()
    let keys: TLSTicketKeys
    let client: TLSContext

    init() throws {
        keys = try TLSTicketKeys()
        client = try certificates.clientContext(sessionCache: cache)
    }

    private func pair(
        _ conditions: SimulatedNetwork.Conditions = .perfect, seed: UInt64 = 1,
        configuration: QUICConfiguration = .server, serverTLS: TLSContext? = nil
    ) throws -> QUICPair {
        let tls = try serverTLS ?? certificates.serverContext(resumption: .tickets(keys: keys))
        return try QUICPair(
            conditions: conditions, seed: seed, server: configuration, serverTLS: tls,
            clientTLS: client)
    }

    /// Tickets follow the handshake.
    private func connectAndSettle(
        _ pair: QUICPair
    ) throws -> (client: CoreConnection, server: CoreConnection) {
        let both = try pair.connect()
        pair.run(for: .milliseconds(100))
        return both
    }

    private var tickets: Int {
        cache.holdings(of: client.cacheKey(serverName: "localhost")).tickets
    }

    @Test("the second connection resumes, knows who the client is, and works")
    func resumes() throws {
        let pair = try pair()
        pair.serveEcho()
        let first = try connectAndSettle(pair)
        #expect(!first.client.isResumed && !first.server.isResumed)
        #expect(tickets == 2)
        let second = try connectAndSettle(pair)
        #expect(second.client.isResumed && second.server.isResumed)
        #expect(second.client.applicationProtocol == "selium/1")
        #expect(second.server.peerCertificates == first.server.peerCertificates)
        #expect(second.server.peerCertificates.first?.uriNames == ["selium://identity/operator"])
        #expect(second.client.peerCertificates == first.client.peerCertificates)
        #expect(try pair.exchange(second.client, text("again")).bytes == text("again"))
    }

    @Test("nothing is ever sent before the handshake has keys: no 0-RTT packet")
    func noEarlyData() throws {
        let pair = try pair()
        let early = Box(0)
        pair.network.filter = { datagram in
            // Version 1, long header, type 1 (RFC 9000 §17.2).
            if datagram.bytes[0] & 0xf0 == 0xd0 { early.value += 1 }
            return [datagram]
        }
        _ = try connectAndSettle(pair)
        let node = try pair.addClient()
        let connection = node.connections[0]
        #expect(connection.openStream() == nil)
        #expect(pair.run(until: { connection.isHandshakeConfirmed }))
        #expect(connection.isResumed)
        #expect(early.value == 0)
    }

    @Test("it survives a bad network, a Retry and both", arguments: 1...12)
    func badNetwork(seed: UInt64) throws {
        var configuration = QUICConfiguration.server
        configuration.handshakeTimeout = .seconds(30)
        if seed % 2 == 0 { configuration.retryThreshold = 0 }
        let pair = try pair(
            .init(jitter: 3_000_000, lossPerMille: 60, duplicatePerMille: 60), seed: seed,
            configuration: configuration)
        pair.serveEcho()
        _ = try pair.connect()
        pair.run(for: .seconds(5))
        #expect(tickets == 2)
        let (client, server) = try pair.connect()
        #expect(client.isResumed && server.isResumed)
        #expect(try pair.exchange(client, text("x")).bytes == text("x"))
    }

    @Test("two connections at once use two tickets; the third of that moment shows certificates")
    func atOnce() throws {
        let pair = try pair()
        _ = try connectAndSettle(pair)
        let nodes = try (0..<3).map { _ in try pair.addClient() }
        let connections = nodes.map { $0.connections[0] }
        #expect(pair.run(until: { connections.allSatisfy(\.isHandshakeConfirmed) }))
        #expect(connections.map(\.isResumed) == [true, true, false])
    }

    @Test("when the keys are gone the handshake is a whole one")
    func rotated() throws {
        let pair = try pair()
        _ = try connectAndSettle(pair)
        keys.rotate()
        keys.rotate()
        let (client, server) = try connectAndSettle(pair)
        #expect(!client.isResumed && !server.isResumed)
        #expect(try connectAndSettle(pair).client.isResumed)
    }

    @Test("when the ticket has expired the handshake is a whole one")
    func expired() throws {
        let pair = try pair()
        _ = try connectAndSettle(pair)
        pair.server.endpoint.unixTime = TestCertificates.now + 7_200
        let (client, _) = try connectAndSettle(pair)
        #expect(!client.isResumed)
    }

    @Test("a client whose certificate has expired meanwhile is refused, ticket or not")
    func expiredClient() throws {
        let tls = try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots,
                identity: certificates.clientIdentity("brief", days: 1),
                applicationProtocols: ["selium/1"], sessionCache: cache))
        let pair = try pair(
            serverTLS: certificates.serverContext(
                resumption: .tickets(lifetime: .seconds(7 * 86_400), keys: keys)))
        for (later, isResumed) in [(0, false), (3_600, true)] as [(Int64, Bool)] {
            pair.server.endpoint.unixTime = TestCertificates.now + later
            let connection = try pair.addClient(tls: tls, unixTime: TestCertificates.now + later)
                .connections[0]
            #expect(pair.run(until: { connection.isHandshakeConfirmed }))
            #expect(connection.isResumed == isResumed)
            pair.run(for: .milliseconds(100))
        }
        let late = TestCertificates.now + 2 * TestCertificates.day
        pair.server.endpoint.unixTime = late
        let refused = try pair.addClient(tls: tls, unixTime: late).connections[0]
        #expect(pair.run(until: { refused.end != nil }))
        #expect(refused.end?.error.code == .certificateRefused)
        #expect(!refused.isResumed)
    }

    @Test("a configuration that says nothing of it neither gives tickets nor takes one")
    func plainServer() throws {
        let giving = try pair()
        _ = try connectAndSettle(giving)
        #expect(tickets == 2)
        let plain = try pair(serverTLS: certificates.serverContext())
        for left in [1, 0] {
            let (client, server) = try connectAndSettle(plain)
            #expect(!client.isResumed && !server.isResumed)
            // It was offered, it is used up, and none came in its place.
            #expect(tickets == left)
        }
    }
}
