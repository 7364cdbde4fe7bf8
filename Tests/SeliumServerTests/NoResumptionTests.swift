import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The control plane does not resume", .inTurn(minutes: 1))
struct NoResumptionTests {
    @Test("An offered ticket is not taken, none is given, and no token either")
    func offered() async throws {
        try await withServer { fixture in
            let cache = TLSSessionCache()
            let tls = try fixture.certificates.clientContext(sessionCache: cache)
            let key = tls.cacheKey(serverName: "127.0.0.1")
            try await Self.fill(cache, key, tls, fixture.certificates)
            for left in [1, 0, 0] {
                let client = try await fixture.connect(tls)
                #expect(!client.connection.isResumed)
                // Whatever the server had to give came before its answer.
                #expect(try await client.processes().isEmpty)
                #expect(cache.holdings(of: key).tickets == left)
                #expect(cache.holdings(of: key).tokens == 0)
                client.connection.close()
            }
        }
    }

    /// Two tickets of a server with the same authority, name and protocol that does give some.
    private static func fill(
        _ cache: TLSSessionCache, _ key: TLSSessionCache.Key, _ tls: TLSContext,
        _ certificates: LiveCertificates
    ) async throws {
        let listener = try await QUICListener.bind(
            [SocketAddress(parsing: "127.0.0.1:0")],
            tls: certificates.serverContext(
                protocols: [ControlProtocol.alpn],
                resumption: .tickets(keys: try TLSTicketKeys())),
            authority: .unrestricted, logger: ControlFixture.quiet)
        let giving = try await QUICConnection.connect(
            to: listener.localAddresses[0], serverName: "127.0.0.1", tls: tls,
            authority: .unrestricted, logger: ControlFixture.quiet)
        await eventually { cache.holdings(of: key).tickets == 2 }
        giving.close()
        await listener.close()
    }

    @Test("Configurations that say nothing of it give, take and remember nothing")
    func plainConfigurations() throws {
        let certificates = try LiveCertificates()
        #expect(try !certificates.serverContext().allowsResumption)
        #expect(try !certificates.clientContext().allowsResumption)
        #expect(!QUICConfiguration.server.issuesAddressTokens)
    }
}
