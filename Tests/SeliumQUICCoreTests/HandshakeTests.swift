import SeliumNetCore
import SeliumQUICCore
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Handshakes", .inTurn())
struct HandshakeTests {
    @Test("a client and a server agree on keys, protocol and certificates")
    func handshake() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        #expect(client.applicationProtocol == "selium/1")
        #expect(server.applicationProtocol == "selium/1")
        #expect(client.keyExchangeGroup == .x25519MLKEM768)
        #expect(server.keyExchangeGroup == .x25519MLKEM768)
        #expect(server.peerCertificates.first?.uriNames == ["selium://identity/operator"])
        #expect(client.peerCertificates.first?.hostNames.contains("localhost") == true)
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 1)
    }

    @Test("the handshake takes two round trips' worth of time, not a pacer's guess")
    func latency() throws {
        let pair = try QUICPair(conditions: .init(delay: 1_000_000))
        let start = pair.now
        let node = try pair.addClient()
        let client = node.connections[0]
        #expect(pair.run(until: { client.isHandshakeConfirmed }))
        // ClientHello, ServerHello…Finished, Finished, HANDSHAKE_DONE: four times a millisecond.
        #expect(pair.now - start <= 6_000_000)
    }
}
