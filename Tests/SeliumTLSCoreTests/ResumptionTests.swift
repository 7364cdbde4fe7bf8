import SeliumCertificates
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Resumption", .inTurn())
struct ResumptionTests {
    static let now = TestCertificates.now
    let certificates = TestCertificates.shared
    let keys: TLSTicketKeys

    init() throws {
        keys = try TLSTicketKeys()
    }

    private func server(
        _ protocols: [String] = ["selium/1"], lifetime: Duration = .seconds(7_200),
        keys: TLSTicketKeys? = nil, requiresClientCertificate: Bool = true
    ) throws -> TLSContext {
        try certificates.serverContext(
            protocols: protocols, requiresClientCertificate: requiresClientCertificate,
            resumption: .tickets(lifetime: lifetime, keys: keys ?? self.keys))
    }

    private func client(
        _ protocols: [String] = ["selium/1"], identity: String? = "operator"
    ) throws -> TLSContext {
        try certificates.clientContext(
            identity: identity, protocols: protocols, sessionCache: TLSSessionCache())
    }

    /// A whole handshake, and a ticket it brought.
    private func ticket(
        _ client: TLSContext, _ server: TLSContext, now: Int64 = Self.now
    ) throws -> TLSTicket {
        let pair = try HandshakePair.run(client: client, server: server, now: now)
        try #require(pair.server.session.isHandshakeComplete)
        #expect(!pair.client.session.isResumed && !pair.server.session.isResumed)
        return try #require(pair.client.session.takeTicket())
    }

    private func handshake(
        offering ticket: TLSTicket, _ client: TLSContext, _ server: TLSContext,
        name: String = "localhost", now: Int64 = Self.now, serverNow: Int64? = nil
    ) throws -> HandshakePair {
        var pair = try HandshakePair(
            client: client, server: server, name: name, now: now, serverNow: serverNow)
        #expect(pair.client.session.offer(ticket))
        pair.run()
        return pair
    }

    private func isWhole(_ pair: HandshakePair) -> Bool {
        pair.clientFailure == nil && pair.serverFailure == nil
            && pair.client.session.isHandshakeComplete && pair.server.session.isHandshakeComplete
            && !pair.client.session.isResumed && !pair.server.session.isResumed
    }

    // MARK: It happens

    @Test("with a ticket there is no certificate on the way, but all else as before")
    func resumes() throws {
        let (client, server) = (try client(), try server())
        let whole = try HandshakePair.run(client: client, server: server)
        let ticket = try #require(whole.client.session.takeTicket())
        let pair = try handshake(offering: ticket, client, server, now: Self.now + 60)
        for side in [pair.client.session, pair.server.session] {
            #expect(side.isHandshakeComplete && side.isResumed)
            #expect(side.applicationProtocol == "selium/1")
            // A fresh key exchange, not the ticket's secret alone.
            #expect(side.group == .x25519MLKEM768)
        }
        #expect(
            pair.server.session.peerCertificate == whole.server.session.peerCertificate)
        #expect(pair.client.session.peerCertificate?.hostNames == TestCertificates.hosts)
        #expect(pair.server.session.requestedServerName == "localhost")
        #expect(pair.server.peerTransportParameters == [1, 2, 3])
        #expect(pair.client.peerTransportParameters == [4, 5])
        // The server's certificate and its signature are what is missing.
        #expect(pair.flightLengths.reduce(0, +) < whole.flightLengths.reduce(0, +))
        #expect(!pair.client.installed.contains("write early"))
        #expect(!pair.server.installed.contains("read early"))
    }

    @Test("two tickets come of each handshake, resumed or not, and each resumes")
    func tickets() throws {
        let (client, server) = (try client(), try server())
        var session = try HandshakePair.run(client: client, server: server).client.session
        for _ in 0..<3 {
            let first = try #require(session.takeTicket())
            let second = try #require(session.takeTicket())
            #expect(session.takeTicket() == nil)
            #expect(first.sealed != second.sealed)
            #expect(
                try handshake(offering: first, client, server).server.session.isResumed)
            let pair = try handshake(offering: second, client, server)
            #expect(pair.server.session.isResumed)
            session = pair.client.session
        }
    }

    @Test("a context with a cache keeps what comes, offers it once, and asks nobody to say so")
    func cached() throws {
        let cache = TLSSessionCache()
        let client = try certificates.clientContext(sessionCache: cache)
        let server = try server()
        let key = client.cacheKey(serverName: "localhost")
        let first = try HandshakePair.run(client: client, server: server)
        first.client.session.keepTickets()
        #expect(cache.holdings(of: key).tickets == 2)
        for left in [1, 0] {
            let pair = try HandshakePair.run(client: client, server: server)
            #expect(pair.server.session.isResumed)
            #expect(cache.holdings(of: key).tickets == left)
        }
        #expect(cache.count == 0)
        #expect(isWhole(try HandshakePair.run(client: client, server: server)))
    }

    // MARK: It does not happen

    @Test("a ticket for another protocol makes a whole handshake")
    func otherProtocol() throws {
        let server = try server(["a/1", "b/1"])
        let ticket = try ticket(try client(["a/1"]), server)
        let pair = try handshake(offering: ticket, try client(["b/1"]), server)
        #expect(isWhole(pair))
        #expect(pair.server.session.applicationProtocol == "b/1")
    }

    @Test("a ticket for another server name makes a whole handshake")
    func otherName() throws {
        let (client, server) = (try client(), try server())
        let ticket = try ticket(client, server)
        // The certificate is for both; an address is not sent as a name.
        #expect(isWhole(try handshake(offering: ticket, client, server, name: "127.0.0.1")))
    }

    @Test("a ticket changed anywhere, cut short or invented makes a whole handshake")
    func tampered() throws {
        let (client, server) = (try client(), try server())
        let ticket = try ticket(client, server)
        var fakes: [[UInt8]] = [
            [1], [UInt8](repeating: 7, count: 47), [UInt8](repeating: 0, count: 500),
        ]
        for index in stride(from: 0, to: ticket.sealed.count, by: 61) {
            var bytes = ticket.sealed
            bytes[index] ^= 1
            fakes.append(bytes)
            if index > 0 { fakes.append(Array(ticket.sealed.prefix(index))) }
        }
        fakes.append(ticket.sealed + [0])
        for fake in fakes {
            let altered = try #require(client.altered(ticket, sealed: fake))
            #expect(isWhole(try handshake(offering: altered, client, server)))
        }
        let copy = try #require(client.altered(ticket, sealed: ticket.sealed))
        #expect(try handshake(offering: copy, client, server).server.session.isResumed)
    }

    @Test("an expired ticket, and one from the future, make a whole handshake")
    func expired() throws {
        let (client, server) = (try client(), try server(lifetime: .seconds(100)))
        let ticket = try ticket(client, server)
        let last = try handshake(offering: ticket, client, server, serverNow: Self.now + 99)
        #expect(last.server.session.isResumed)
        for serverNow in [Self.now + 100, Self.now - 1] {
            let pair = try handshake(offering: ticket, client, server, serverNow: serverNow)
            #expect(isWhole(pair))
        }
        // The client knows the lifetime too.
        #expect(ticket.isValid(at: Self.now + 99))
        #expect(!ticket.isValid(at: Self.now + 100))
        #expect(!ticket.isValid(at: Self.now - 1))
        let late = try client.makeClientSession(serverName: "localhost", unixTime: Self.now + 100)
        #expect(!late.offer(ticket))
    }

    @Test("the key before the last opens, older ones do not")
    func rotation() throws {
        let (client, server) = (try client(), try server())
        let ticket = try ticket(client, server)
        keys.rotate()
        #expect(try handshake(offering: ticket, client, server).server.session.isResumed)
        keys.rotate()
        #expect(isWhole(try handshake(offering: ticket, client, server)))
    }

    @Test("keys renew themselves when they are older than a ticket")
    func renewal() throws {
        let (client, server) = (try client(), try server(lifetime: .seconds(100)))
        let first = try ticket(client, server)
        let last = try ticket(client, server, now: Self.now + 99)
        #expect(first.sealed.prefix(16) == last.sealed.prefix(16))
        let renewed = try ticket(client, server, now: Self.now + 100)
        #expect(renewed.sealed.prefix(16) != last.sealed.prefix(16))
        let pair = try handshake(offering: last, client, server, now: Self.now + 198)
        #expect(pair.server.session.isResumed)
    }

    @Test("servers that share keys take each other's tickets, and no others")
    func sharedKeys() throws {
        let old = SystemRandom().bytes(TLSTicketKeys.keyLength)
        let new = SystemRandom().bytes(TLSTicketKeys.keyLength)
        let (client, one) = (try client(), try TLSTicketKeys([old]))
        let ticket = try ticket(client, try server(keys: one))
        let other = try TLSTicketKeys([new, old])
        #expect(
            try handshake(offering: ticket, client, try server(keys: other)).server.session
                .isResumed)
        try other.replace(with: [new])
        #expect(isWhole(try handshake(offering: ticket, client, try server(keys: other))))
        #expect(isWhole(try handshake(offering: ticket, client, try server())))
    }

    @Test("a server that was not told to gives no ticket and takes none")
    func control() throws {
        let (client, server) = (try client(), try server())
        let ticket = try ticket(client, server)
        let plain = try certificates.serverContext()
        #expect(!plain.allowsResumption && server.allowsResumption)
        let pair = try handshake(offering: ticket, client, plain)
        #expect(isWhole(pair))
        #expect(pair.client.session.takeTicket() == nil)
    }

    @Test("a client that was not told to keeps no ticket")
    func forgetful() throws {
        let plain = try certificates.clientContext()
        #expect(!plain.allowsResumption)
        let pair = try HandshakePair.run(client: plain, server: try server())
        #expect(pair.server.session.isHandshakeComplete)
        #expect(pair.client.session.takeTicket() == nil)
    }

    // MARK: Certificates are judged again

    private func client(_ issued: IssuedCertificate) throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots, identity: TLSIdentity(issued),
                applicationProtocols: ["selium/1"], sessionCache: TLSSessionCache()))
    }

    @Test("a client whose certificate has expired is not resumed but refused")
    func expiredClient() throws {
        let client = try client(
            certificates.authority.issueClient(identity: "brief", now: Self.now, days: 1))
        let server = try server(lifetime: .seconds(7 * 86_400))
        let ticket = try ticket(client, server)
        let inTime = try handshake(offering: ticket, client, server, now: Self.now + 3_600)
        #expect(inTime.server.session.isResumed)
        let late = try handshake(offering: ticket, client, server, now: Self.now + 2 * 86_400)
        #expect(late.serverFailure?.code == .certificateExpired)
        #expect(!late.server.session.isHandshakeComplete)
    }

    @Test("a ticket does not stand for a certificate that the server would not take")
    func otherRules() throws {
        let client = try client()
        let anonymous = try ticket(client, try server(requiresClientCertificate: false))
        // It has a certificate, so it shows it now.
        #expect(isWhole(try handshake(offering: anonymous, client, try server())))
        let nobody = try certificates.clientContext(
            identity: nil, sessionCache: TLSSessionCache())
        let empty = try ticket(nobody, try server(requiresClientCertificate: false))
        let pair = try handshake(offering: empty, nobody, try server())
        #expect(pair.serverFailure?.code == .noCertificate)
        // Nor does one server that asks nobody take for known whom another one judged.
        let judged = try ticket(client, try server())
        let open = try handshake(
            offering: judged, client, try server(requiresClientCertificate: false))
        #expect(isWhole(open))
        #expect(open.server.session.peerCertificate == nil)
        // Roots that this client does not chain to, the keys being the same.
        let known = try ticket(client, try server())
        let strict = try TLSContext(
            server: TLSServerConfiguration(
                identity: certificates.serverIdentity(),
                clientAuthentication: .required(trustRoots: try TestCertificates().trustRoots),
                applicationProtocols: ["selium/1"],
                resumption: .tickets(lifetime: .seconds(7_200), keys: keys)))
        let refused = try handshake(offering: known, client, strict)
        #expect(refused.serverFailure?.code == .unknownIssuer)
    }

    @Test("a client does not offer a ticket of a server it would not believe any more")
    func expiredServer() throws {
        let issued = try certificates.authority.issueServer(
            hosts: ["localhost"], now: Self.now, days: 1)
        let server = try TLSContext(
            server: TLSServerConfiguration(
                identity: TLSIdentity(issued), clientAuthentication: .none,
                applicationProtocols: ["selium/1"],
                resumption: .tickets(lifetime: .seconds(7 * 86_400), keys: keys)))
        let client = try client()
        let ticket = try ticket(client, server)
        let session = { (name: String, now: Int64) in
            try client.makeClientSession(serverName: name, unixTime: now)
        }
        #expect(try session("localhost", Self.now + 3_600).offer(ticket))
        #expect(try !session("localhost", Self.now + 2 * 86_400).offer(ticket))
        #expect(try !session("other.example", Self.now + 3_600).offer(ticket))
    }

    @Test("however often it is resumed, certificates are shown again after a week")
    func week() throws {
        let (client, server) = (try client(), try server(lifetime: .seconds(7 * 86_400)))
        var ticket = try ticket(client, server)
        for day in 1...6 as ClosedRange<Int64> {
            let pair = try handshake(
                offering: ticket, client, server, now: Self.now + day * TestCertificates.day)
            #expect(pair.server.session.isResumed)
            ticket = try #require(pair.client.session.takeTicket())
        }
        #expect(ticket.isValid(at: Self.now + 7 * TestCertificates.day - 1))
        #expect(!ticket.isValid(at: Self.now + 7 * TestCertificates.day))
        let late = try handshake(
            offering: ticket, client, server, now: Self.now + 6 * TestCertificates.day,
            serverNow: Self.now + 7 * TestCertificates.day)
        #expect(isWhole(late))
    }

    // MARK: Configuration

    @Test(
        "a ticket is good for a second to a week",
        arguments: [
            (0, false), (1, true), (604_800, true), (604_801, false), (-1, false),
        ] as [(Int64, Bool)])
    func lifetimes(_ seconds: Int64, isGood: Bool) throws {
        if isGood {
            _ = try server(lifetime: .seconds(seconds))
        } else {
            let error = #expect(throws: TLSError.self) {
                _ = try server(lifetime: .seconds(seconds))
            }
            #expect(error?.code == .invalidResumption)
        }
    }

    @Test(
        "keys are 1 to 4 of 32 bytes",
        arguments: [[], [31], [33], [32, 31], [32, 32, 32, 32, 32]])
    func keyShapes(_ lengths: [Int]) throws {
        let bad = lengths.map { [UInt8](repeating: 1, count: $0) }
        let error = #expect(throws: TLSError.self) { _ = try TLSTicketKeys(bad) }
        #expect(error?.code == .invalidResumption)
        #expect(throws: TLSError.self) { try keys.replace(with: bad) }
    }
}
