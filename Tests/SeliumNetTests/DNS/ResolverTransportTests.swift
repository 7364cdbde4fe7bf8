import SeliumNet
import SeliumTesting
import Testing

/// What an HTTP client would do, without one.
private struct FakeTransport: DNSTransport {
    let respond: @Sendable ([UInt8], ResolverConfiguration.Server) async throws -> [UInt8]

    func exchange(
        _ query: [UInt8], with server: ResolverConfiguration.Server, within duration: Duration
    ) async throws -> [UInt8] {
        try await respond(query, server)
    }
}

@Suite("A resolver over transports that others supply", .inTurn())
struct ResolverTransportTests {
    private static let place = SocketAddress(IPv4Address(192, 0, 2, 53), port: 443)
    private static let url = "https://dns.test/dns-query"

    private func resolver(
        _ transport: ResolverConfiguration.Server.Transport = .https(Self.url),
        _ respond: (@Sendable ([UInt8], ResolverConfiguration.Server) async throws -> [UInt8])?
    ) -> Resolver {
        var configuration = ResolverConfiguration()
        configuration.servers = [.init(Self.place, transport: transport)]
        configuration.attempts = 1
        configuration.timeout = 60_000_000_000
        return Resolver(
            configuration,
            options: ResolverOptions(transport: respond.map { FakeTransport(respond: $0) }))
    }

    private static func answer(_ query: DNSMessage) -> DNSMessage {
        DNSMessage(
            id: query.id, flags: [.response], questions: query.questions,
            answers: [
                DNSRecord(
                    name: query.questions[0].name, ttl: 60, data: .a(IPv4Address(192, 0, 2, 1)))
            ])
    }

    @Test("a query over HTTPS has the id 0 and full blocks, and its answer counts")
    func https() async throws {
        let seen = Locked<[[UInt8]]>([])
        let resolver = resolver { query, server in
            seen.withLock { $0.append(query) }
            #expect(server.transport == .https(Self.url))
            return try Self.answer(DNSMessage(decoding: query.span)).encoded()
        }
        for name in ["a.test", "b.test"] {
            #expect(try await resolver.lookupA(name) == [IPv4Address(192, 0, 2, 1)])
        }
        for query in seen.withLock({ $0 }) {
            #expect(query[0] == 0 && query[1] == 0)
            #expect(query.count.isMultiple(of: DNSQuery.paddingBlock))
        }
        #expect(seen.withLock { $0.count } == 2)
        #expect(resolver.statistics.sockets == 0)
    }

    @Test("a query over TLS keeps its id, and an answer to another question does not count")
    func tls() async throws {
        let ids = Locked<Set<UInt16>>([])
        let resolver = resolver(.tls(nil)) { query, _ in
            let message = try DNSMessage(decoding: query.span)
            ids.withLock { _ = $0.insert(message.id) }
            var answer = Self.answer(message)
            if message.questions[0].name == DNSName("lie.test")! {
                answer.questions[0].name = DNSName("other.test")!
            }
            return try answer.encoded()
        }
        for number in 0..<8 { _ = try await resolver.lookupA("n\(number).test") }
        #expect(ids.withLock { $0.count } > 4)
        let error = await dnsFailure { () throws(DNSError) in
            _ = try await resolver.lookupA("lie.test")
        }
        #expect(error.code == .networkError)
    }

    @Test("a transport that fails, hangs or is not there fails the lookup")
    func failures() async throws {
        var error = await dnsFailure { () throws(DNSError) in
            _ = try await resolver(.https(Self.url), nil).lookupA("a.test")
        }
        #expect(error.code == .networkError)
        error = await dnsFailure { () throws(DNSError) in
            _ = try await resolver { _, _ in throw DNSError(.other, "broken") }.lookupA("a.test")
        }
        #expect(error.code == .networkError && error.message.contains("broken"))
        let wasCancelled = GracefulShutdown()
        let hanging = resolver { _, _ in
            defer { wasCancelled.initiate() }
            try await Task.sleep(for: .seconds(3_600))
            return []
        }
        error = await dnsFailure { () throws(DNSError) in
            _ = try await hanging.lookupA("a.test", within: .milliseconds(20))
        }
        #expect(error.code == .timeout)
        await wasCancelled.token.wait()
        #expect(hanging.statistics.questions == 0)
    }
}
