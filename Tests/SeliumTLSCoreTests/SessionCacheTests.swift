import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A client's memory of servers", .inTurn())
struct SessionCacheTests {
    static let now = TestCertificates.now
    let cache = TLSSessionCache(capacity: 3)
    let context: TLSContext

    init() throws {
        context = try TestCertificates.shared.clientContext(sessionCache: cache)
    }

    private func key(_ name: String) -> TLSSessionCache.Key { context.cacheKey(serverName: name) }

    @Test("hands out each token once, the newest first, and keeps two")
    func tokens() {
        for byte in 1...3 as ClosedRange<UInt8> {
            cache.keep(addressToken: [byte], of: key("a"), now: Self.now)
        }
        #expect(cache.holdings(of: key("a")).tokens == 2)
        #expect(cache.takeAddressToken(of: key("b"), now: Self.now) == nil)
        #expect(cache.takeAddressToken(of: key("a"), now: Self.now) == [3])
        #expect(cache.takeAddressToken(of: key("a"), now: Self.now) == [2])
        #expect(cache.takeAddressToken(of: key("a"), now: Self.now) == nil)
        #expect(cache.count == 0)
    }

    @Test("forgets tokens after a day, and when the clock went back")
    func tokenAge() {
        for (later, isKept) in [(86_399, true), (86_400, false), (-1, false)] as [(Int64, Bool)] {
            cache.keep(addressToken: [1], of: key("a"), now: Self.now)
            #expect(
                (cache.takeAddressToken(of: key("a"), now: Self.now + later) != nil) == isKept)
        }
    }

    @Test("keeps no token that is empty or longer than 512 bytes")
    func tokenLength() {
        for (length, isKept) in [(0, false), (1, true), (512, true), (513, false)] {
            cache.removeAll()
            cache.keep(
                addressToken: [UInt8](repeating: 1, count: length), of: key("a"), now: Self.now)
            #expect((cache.count == 1) == isKept)
        }
    }

    @Test("forgets the server that was talked to least recently")
    func capacity() {
        for name in ["a", "b", "c", "a", "d"] {
            cache.keep(addressToken: [1], of: key(name), now: Self.now)
        }
        #expect(cache.count == 3)
        #expect(cache.holdings(of: key("b")).tokens == 0)
        #expect(cache.holdings(of: key("a")).tokens == 2)
        #expect(TLSSessionCache(capacity: -1).capacity == 1)
    }

    @Test("keeps configurations apart: roots, own certificate, protocols")
    func configurations() throws {
        let certificates = TestCertificates.shared
        let contexts = [
            context, try certificates.clientContext(sessionCache: cache),
            try certificates.clientContext(identity: nil, sessionCache: cache),
            try certificates.clientContext(
                identity: nil, protocols: ["h3"], sessionCache: cache),
            try TestCertificates().clientContext(identity: nil, sessionCache: cache),
        ]
        #expect(Set(contexts.map { $0.cacheKey(serverName: "a") }).count == contexts.count)
        // The same configuration is the same, whoever made the context.
        let again = try certificates.clientContext(identity: nil, sessionCache: cache)
        #expect(again.cacheKey(serverName: "a") == contexts[2].cacheKey(serverName: "a"))
    }

    @Test(
        "keeps two tickets of a server, forgets them when they expire, and shows nothing")
    func tickets() throws {
        let certificates = TestCertificates.shared
        let server = try certificates.serverContext(
            resumption: .tickets(keys: try TLSTicketKeys()))
        for _ in 0..<2 {
            let pair = try HandshakePair.run(client: context, server: server)
            pair.client.session.keepTickets()
        }
        #expect(cache.holdings(of: key("localhost")).tickets == 2)
        #expect(cache.takeTicket(of: key("localhost"), now: Self.now + 7_200) == nil)
        #expect(cache.count == 0)
        var dumped = ""
        dump(cache, to: &dumped)
        #expect(dumped.count < 80)
    }
}
