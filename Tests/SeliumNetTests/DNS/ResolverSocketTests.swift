import SeliumNet
import SeliumTesting
import Testing

@Suite("A resolver's sockets, clock and waiting", .inTurn())
struct ResolverSocketTests {
    private let address = IPv4Address(192, 0, 2, 1)

    @Test("ports and ids are many and change, and no port has more than 64 queries")
    func ports() async throws {
        let address = address
        try await Responder.run { query, reply in
            try await reply(query.answer(.a(address)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            for number in 0..<1_200 {
                #expect(try await resolver.lookupA("n\(number).test").count == 1)
            }
            var uses: [UInt16: Int] = [:]
            for query in responder.queries { uses[query.sender.port, default: 0] += 1 }
            #expect(responder.queries.count == 1_200)
            #expect(uses.values.max() ?? 0 <= DNSSocketPool.usualQueries)
            #expect(uses.count >= 1_200 / DNSSocketPool.usualQueries)
            // Ids are drawn from 65,536: of 1,200 about 11 come twice.
            #expect(Set(responder.queries.map(\.message.id)).count > 1_120)
            // Consecutive ports would be a pattern.
            let ports = uses.keys.sorted()
            let neighbours = zip(ports, ports.dropFirst()).filter { $1 - $0 == 1 }.count
            #expect(neighbours < ports.count / 4)
            // What was replaced is closed at once: nothing is waited for there.
            #expect(resolver.statistics.sockets <= DNSSocketPool.usualSize)
            #expect(resolver.statistics.questions == 0)
        }
    }

    @Test("one port is one port, for as long as there are queries")
    func onePort() async throws {
        let address = address
        try await Responder.run { query, reply in
            try await reply(query.answer(.a(address)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver(options: .onePort)
            for number in 0..<200 { _ = try await resolver.lookupA("n\(number).test") }
            #expect(Set(responder.queries.map(\.sender.port)).count == 1)
            #expect(resolver.statistics.sockets == 1)
        }
    }

    @Test("the same question of fifty tasks is sent once, and outlives the one who asked first")
    func singleFlight() async throws {
        let address = address
        let isAsked = GracefulShutdown()
        let mayAnswer = GracefulShutdown()
        try await Responder.run { query, reply in
            isAsked.initiate()
            await mayAnswer.token.wait()
            try await reply(query.answer(.a(address)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            let first = Task { try await resolver.lookupA("one.test") }
            await isAsked.token.wait()
            try await withThrowingTaskGroup(of: [IPv4Address].self) { group in
                for _ in 0..<50 { group.addTask { try await resolver.lookupA("One.Test") } }
                while resolver.statistics.lookups < 51 { await Task.yield() }
                first.cancel()
                await #expect(throws: DNSError(interruptedBy: .cancelled)) { try await first.value }
                mayAnswer.initiate()
                for try await found in group { #expect(found == [address]) }
            }
            #expect(responder.queries.count == 1)
        }
    }

    @Test("who is cancelled, shut down or out of time is told so, and nothing is left of it")
    func interruptions() async throws {
        let isAsked = Locked(0)
        try await Responder.run { _, _ in
            isAsked.withLock { $0 += 1 }
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            let task = Task { try await resolver.lookupHost("silent.test") }
            while isAsked.withLock({ $0 }) < 2 { await Task.yield() }
            task.cancel()
            await #expect(throws: DNSError(interruptedBy: .cancelled)) { try await task.value }
            let shutdown = GracefulShutdown()
            let waiting = Task {
                try await resolver.lookupMX("silent.test", until: shutdown.token)
            }
            while isAsked.withLock({ $0 }) < 3 { await Task.yield() }
            shutdown.initiate()
            await #expect(throws: DNSError(interruptedBy: .shutDown)) { try await waiting.value }
            var error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupTXT("late.test", until: shutdown.token)
            }
            #expect(error.code == .other && error.interruption == .shutDown)
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupNS("silent.test", within: .milliseconds(30))
            }
            #expect(error.code == .timeout && error.interruption == nil)
            #expect(resolver.statistics.questions == 0)
            // What the same means to who connects.
            let network = Network(authority: .unrestricted, resolver: resolver)
            let late = await failure { () throws(NetError) in
                _ = try await network.connect(to: "silent.test:1", within: .milliseconds(30))
            }
            #expect(late.code == .timedOut)
            let ended = await failure { () throws(NetError) in
                _ = try await network.resolve("silent.test:1", until: shutdown.token)
            }
            #expect(ended.isInterruption)
        }
    }

    @Test("silence ends after the configured rounds, and a port where nobody listens at once")
    func silence() async throws {
        try await Responder.run { _, _ in
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver {
                $0.timeout = 20_000_000
                $0.attempts = 3
            }
            let error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupA("silent.test", within: .seconds(60))
            }
            #expect(error.code == .timeout)
            #expect(responder.queries.count == 3)
        }
        let socket = try await UDPSocket.bind(anyPort)
        var configuration = ResolverConfiguration()
        configuration.servers = [.init(socket.localAddress)]
        configuration.timeout = 30_000_000_000
        socket.close()
        let resolver = Resolver(configuration)
        let error = await dnsFailure { () throws(DNSError) in
            _ = try await resolver.lookupA("nobody.test", within: .seconds(60))
        }
        #expect(error.code == .networkError)
        #expect(error.message.contains("ECONNREFUSED"))
    }

    @Test("the next server answers for one that is not there, or fails, or rotates")
    func servers() async throws {
        let address = address
        let gone = try await UDPSocket.bind(anyPort)
        let nobody = gone.localAddress
        gone.close()
        try await Responder.run { query, reply in
            try await reply(query.response(.serverFailure).encoded())
        } _: { (failing: Responder) async throws -> Void in
            try await Responder.run { query, reply in
                try await reply(query.answer(.a(address)).encoded())
            } _: { (good: Responder) async throws -> Void in
                var configuration = good.configuration()
                configuration.servers = [
                    .init(nobody), .init(failing.address), .init(good.address),
                ]
                let resolver = Resolver(configuration)
                #expect(try await resolver.lookupA("a.test") == [address])
                #expect(failing.queries.count == 1)
                configuration.servers = [.init(failing.address), .init(good.address)]
                configuration.rotates = true
                let turning = Resolver(configuration)
                for number in 0..<40 {
                    #expect(try await turning.lookupA("n\(number).test") == [address])
                }
                #expect((2..<40).contains(failing.queries.count))
            }
        }
    }

    @Test("answers and absences are kept for their time, and no more of them than the cap")
    func cache() async throws {
        let address = address
        let start = DNSRecord(
            name: DNSName("test")!, ttl: 300,
            data: .soa(
                .init(
                    primary: .root, mailbox: .root, serial: 1, refresh: 1, retry: 1, expire: 1,
                    minimum: 300)))
        try await Responder.run { query, reply in
            if query.name.hasPrefix("no") {
                var response = query.response(.nameError)
                response.authorities = [start]
                try await reply(response.encoded())
            } else {
                try await reply(
                    query.answer(.a(address), ttl: query.name == "zero.test" ? 0 : 60).encoded())
            }
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver { $0.cacheCapacity = 10 }
            for _ in 0..<3 {
                _ = try await resolver.lookupA("yes.test")
                let error = await dnsFailure { () throws(DNSError) in
                    _ = try await resolver.lookupA("no.test")
                }
                #expect(error.code == .hostNotFound)
            }
            #expect(responder.queries.count == 2)
            for _ in 0..<2 { _ = try await resolver.lookupA("zero.test") }
            #expect(responder.queries.count == 4)
            resolver.clearCache()
            _ = try await resolver.lookupA("yes.test")
            #expect(responder.queries.count == 5)
            for number in 0..<50 { _ = try await resolver.lookupA("n\(number).test") }
            #expect(resolver.statistics.cached == 10)
        }
    }

    @Test("a resolver that nobody holds has closed its sockets")
    func closing() async throws {
        let address = address
        try await Responder.run { query, reply in
            try await reply(query.answer(.a(address)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = Locked<Resolver?>(responder.resolver())
            for number in 0..<20 {
                let current = try #require(resolver.withLock { $0 })
                _ = try await current.lookupA("n\(number).test")
            }
            let places = Set(responder.queries.map(\.sender))
            func freeCount() async -> Int {
                var count = 0
                for place in places where (try? await UDPSocket.bind(place)) != nil { count += 1 }
                return count
            }
            #expect(places.count > 1)
            #expect(await freeCount() == 0)
            resolver.withLock { $0 = nil }
            // The reactor may be about to tell one of them something; it does not keep it for long.
            while await freeCount() == 0 { await Task.yield() }
        }
    }

    @Test("literals, names of this machine and texts that are no names ask nobody")
    func withoutAsking() async throws {
        try await Responder.run { query, reply in
            try await reply(query.response(.nameError).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = Resolver(
                responder.configuration(), hosts: HostsFile(parsing: "192.0.2.7 Known alias\n"))
            #expect(try await resolver.lookupHost("192.0.2.9") == [IPAddress(192, 0, 2, 9)])
            #expect(try await resolver.lookupHost("::1") == [.v6(.loopback)])
            #expect(try await resolver.lookupHost("alias") == [IPAddress(192, 0, 2, 7)])
            #expect(
                try await resolver.lookupAddress(IPAddress(192, 0, 2, 7)) == DNSName("known")!)
            let local = try await resolver.lookupHost("localhost")
            #expect(Set(local) == [.v6(.loopback), .v4(.loopback)])
            #expect(try await resolver.lookupHostV4("a.localhost") == [.loopback])
            var error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHost("printer.local")
            }
            #expect(error.code == .hostNotFound)
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHostV6("192.0.2.9")
            }
            #expect(error.code == .noData)
            let network = Network(authority: .unrestricted, resolver: resolver)
            #expect(try await network.resolve("192.0.2.9:5").map(\.port) == [5])
            #expect(try await network.resolve("alias:5").map(\.description) == ["192.0.2.7:5"])
            for text in ["127.1", "0x7f.1", "a b", "", ".", "-a.test", "a..b"] {
                error = await dnsFailure { () throws(DNSError) in
                    _ = try await resolver.lookupHost(text)
                }
                #expect(error.code == .invalidName, "\(text)")
            }
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.query("a..b", .txt)
            }
            #expect(error.code == .invalidName)
            #expect(responder.queries.isEmpty)
        }
    }

    @Test("an address that cannot be reached comes last")
    func order() async throws {
        let unreachable = IPv6Address("fe80::1")!
        try await Responder.run { query, reply in
            try await reply(
                query.answer(query.type == .a ? .a(.loopback) : .aaaa(unreachable)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let found = try await responder.resolver().lookupHost("two.test")
            #expect(found == [.v4(.loopback), .v6(unreachable)])
        }
    }

    @Test("connecting by name asks this room's resolver, both families at once")
    func connecting() async throws {
        let listener = try await TCPListener.bind(anyPort)
        try await Responder.run { query, reply in
            try await reply(
                query.type == .a
                    ? query.answer(.a(.loopback)).encoded() : query.response().encoded())
        } _: { (responder: Responder) async throws -> Void in
            let network = Network(authority: .unrestricted, resolver: responder.resolver())
            let stream = try await network.connect(
                to: "server.test:\(listener.localAddress.port)", within: .seconds(30))
            #expect(stream.remoteAddress == listener.localAddress)
            #expect(Set(responder.queries.map(\.type)) == [.a, .aaaa])
            #expect(Set(responder.queries.map(\.name)) == ["server.test"])
        }
        #expect(Network.unrestricted.resolver is Resolver)
    }
}
