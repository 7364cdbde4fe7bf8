import SeliumNetCore
import SeliumQUICCore
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Tokens for the next connection", .inTurn())
struct AddressTokenTests {
    private static let home = IPv4Address(10, 0, 0, 1)
    let cache = TLSSessionCache()
    let client: TLSContext

    init() throws {
        client = try TestCertificates.shared.clientContext(sessionCache: cache)
    }

    /// Every address has to be proven, unless a token does it.
    private func pair(
        _ change: (inout QUICConfiguration) -> Void = { _ in }
    ) throws -> QUICPair {
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = 0
        configuration.issuesAddressTokens = true
        change(&configuration)
        return try QUICPair(server: configuration, clientTLS: client)
    }

    @discardableResult
    private func connect(
        _ pair: QUICPair, from address: IPv4Address = Self.home
    ) throws -> CoreConnection {
        let port = UInt16(2_000 + pair.clients.count)
        let connection = try pair.addClient(address: SocketAddress(address, port: port))
            .connections[0]
        #expect(pair.run(until: { connection.isHandshakeConfirmed }))
        // The token follows the handshake.
        pair.run(for: .milliseconds(100))
        return connection
    }

    private var key: TLSSessionCache.Key { client.cacheKey(serverName: "localhost") }

    private func takeToken() throws -> [UInt8] {
        try #require(cache.takeAddressToken(of: key, now: TestCertificates.now))
    }

    private func keep(_ token: [UInt8]) {
        cache.keep(addressToken: token, of: key, now: TestCertificates.now)
    }

    private func retries(_ pair: QUICPair) -> Int { pair.server.endpoint.statistics.retries }

    @Test("each connection brings the next one in without Retry, from another port too")
    func savesRetry() throws {
        let pair = try pair()
        try connect(pair)
        #expect(retries(pair) == 1)
        for number in 1...5 {
            #expect(cache.holdings(of: key).tokens == 1)
            try connect(pair)
            #expect(retries(pair) == 1)
            #expect(pair.server.endpoint.statistics.addressTokens == number)
        }
    }

    @Test("a server that was not told to sends none")
    func off() throws {
        #expect(!QUICConfiguration.server.issuesAddressTokens)
        let pair = try pair { $0.issuesAddressTokens = false }
        try connect(pair)
        #expect(cache.count == 0)
    }

    @Test("a client without memory ignores the frame")
    func forgetful() throws {
        var configuration = QUICConfiguration.server
        configuration.issuesAddressTokens = true
        let pair = try QUICPair(server: configuration)
        pair.serveEcho()
        let (client, _) = try pair.connect()
        #expect(try pair.exchange(client, text("x")).bytes == text("x"))
    }

    @Test(
        "a token that was changed anywhere, cut short or invented leads to Retry, not to an error")
    func tampered() throws {
        let pair = try pair()
        try connect(pair)
        let token = try takeToken()
        var fakes: [[UInt8]] = [[0x36], [0x36] + [UInt8](repeating: 1, count: 200), [1, 2, 3]]
        for index in stride(from: 1, to: token.count, by: 5) {
            var bytes = token
            bytes[index] ^= 0x80
            fakes.append(bytes)
            fakes.append(Array(token.prefix(index)))
        }
        for (number, fake) in fakes.enumerated() {
            cache.removeAll()
            keep(fake)
            try connect(pair)
            #expect(retries(pair) == 2 + number)
        }
        #expect(pair.server.endpoint.statistics.refusals == 0)
        // None of that has used up the true one.
        cache.removeAll()
        keep(token)
        try connect(pair)
        #expect(retries(pair) == 1 + fakes.count)
    }

    @Test("a token is good for its address only")
    func foreignAddress() throws {
        let pair = try pair()
        try connect(pair)
        try connect(pair, from: IPv4Address(10, 0, 0, 2))
        #expect(retries(pair) == 2)
    }

    @Test("a token is good for its lifetime, a day unless said otherwise")
    func expired() throws {
        #expect(QUICConfiguration.server.addressTokenLifetime == .seconds(24 * 3_600))
        let pair = try pair { $0.addressTokenLifetime = .seconds(100) }
        try connect(pair)
        pair.run(for: .seconds(98))
        try connect(pair)
        #expect(retries(pair) == 1)
        pair.run(for: .seconds(101))
        try connect(pair)
        #expect(retries(pair) == 2)
    }

    @Test("a token counts once")
    func replayed() throws {
        let pair = try pair()
        try connect(pair)
        let token = try takeToken()
        for number in 0..<3 {
            cache.removeAll()
            keep(token)
            try connect(pair)
            #expect(retries(pair) == 1 + number)
        }
    }

    @Test(
        "the table of used tokens is bounded: when it is full, none counts until the oldest is past"
    )
    func full() {
        var spent = SpentTokens()
        let token = { (number: Int) in
            TokenID((0..<16).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) })
        }
        var counted = 0
        for number in 0..<SpentTokens.capacity + 10 {
            if spent.spend(token(number), until: 1_000 + UInt64(number), now: 1) { counted += 1 }
        }
        #expect(counted == SpentTokens.capacity)
        let isEarly = spent.spend(token(99_999), until: 9_999, now: 999)
        let isInTime = spent.spend(token(99_999), until: 9_999, now: 1_000)
        let isAgain = spent.spend(token(99_999), until: 9_999, now: 1_001)
        #expect(!isEarly && isInTime && !isAgain)
    }

    @Test("a token is not used up where no Retry is due")
    func unneeded() throws {
        let pair = try pair { $0.retryThreshold = 100 }
        try connect(pair)
        let token = try takeToken()
        for _ in 0..<3 {
            cache.removeAll()
            keep(token)
            try connect(pair)
        }
        #expect(retries(pair) == 0)
        #expect(pair.server.endpoint.statistics.addressTokens == 0)
    }

    @Test("an address whose rate is spent comes in with a token")
    func rate() throws {
        let pair = try pair {
            $0.retryThreshold = 100
            $0.handshakesPerSecond = 1
            $0.handshakeBurst = 2
        }
        for _ in 0..<4 { try connect(pair) }
        #expect(retries(pair) == 0)
        #expect(pair.server.endpoint.statistics.addressTokens == 2)
    }

    @Test("beside a token too, a client has to draw an ID of eight bytes", arguments: [0, 4, 7, 8])
    func shortID(length: Int) throws {
        let pair = try pair { $0.retryThreshold = 100 }
        let forge = InitialForge(
            destination: [UInt8](repeating: 5, count: length), source: [1, 2, 3, 4, 5, 6, 7, 8])
        // The beginning of a hello: enough to stay half-open.
        let packet = forge.packet(
            number: 0, frames: [6, 0, 4, 1, 0, 5, 0], token: [0x36] + [1, 2, 3])
        pair.inject(packet, from: SocketAddress(Self.home, port: 7), to: pair.server)
        #expect(pair.server.endpoint.halfOpenCount == (length < 8 ? 0 : 1))
        #expect(pair.server.endpoint.statistics.dropped == (length < 8 ? 1 : 0))
    }

    @Test(
        "the halves of a hello with a token arrive in the wrong order: that is one connection",
        arguments: [true, false])
    func reordered(isRetryDue: Bool) throws {
        let pair = try pair { if !isRetryDue { $0.retryThreshold = 100 } }
        try connect(pair)
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
        let before = pair.server.endpoint.connectionCount
        try connect(pair)
        // The one before; or the one that the half asked for which came first.
        #expect(retries(pair) == 1)
        #expect(pair.server.endpoint.connectionCount == before + 1)
        #expect(pair.server.endpoint.halfOpenCount == 0)
    }
}
