import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Resumption over sockets", .inTurn(minutes: 1))
struct ResumptionTests {
    @Test("the second connection is resumed on both sides, and the server knows its client")
    func resumes() async throws {
        let certificates = try LiveCertificates()
        let cache = TLSSessionCache()
        let tls = try certificates.clientContext(identity: "build", sessionCache: cache)
        let key = tls.cacheKey(serverName: "localhost")
        var configuration = QUICConfiguration.server
        configuration.issuesAddressTokens = true
        let server = try await EchoServer.start(
            tls: certificates.serverContext(resumption: .tickets(keys: try TLSTicketKeys())),
            configuration: configuration)
        for isResumed in [false, true, true] {
            let client = try await QUICConnection.connect(
                to: server.address, serverName: "localhost", tls: tls, authority: .unrestricted,
                logger: EchoServer.quiet)
            let accepted = await server.listener.connections.next()
            let there = try #require(accepted)
            #expect(client.isResumed == isResumed && there.isResumed == isResumed)
            #expect(there.peerCertificates.first?.uriNames == ["selium://identity/build"])
            #expect(client.peerCertificates.first?.hostNames == TestCertificates.hosts)
            try await client.waitUntilConfirmed()
            while cache.holdings(of: key).tickets < 2 || cache.holdings(of: key).tokens == 0 {
                await Task.yield()
            }
            client.close()
        }
        await server.listener.close()
    }
}
