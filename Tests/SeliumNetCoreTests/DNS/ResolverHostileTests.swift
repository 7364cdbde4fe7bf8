import SeliumNetCore
import SeliumTesting
import Testing

@Suite("The resolver among liars", .inTurn())
struct ResolverHostileTests {
    @Test("an answer counts only with the right id, question, case, source and socket")
    func forgeries() throws {
        var rig = ResolverRig()
        let lookup = try rig.query("example.com")
        let sent = try rig.takeSent()[0]
        let server = sent.transmission.server.address
        let right = sent.answer(a("192.0.2.1"))
        var forged = right
        forged.answers = [record("example.com", a("203.0.113.66"))]

        func hand(
            _ message: DNSMessage, from source: SocketAddress? = nil, on socket: Int? = nil
        ) throws -> ResolverMachine.Reception {
            rig.receive(
                try message.encoded(), from: source ?? server, on: socket ?? sent.socket)
        }
        var other = forged
        other.id &+= 1
        #expect(try hand(other) == .ignored(nil))
        #expect(try hand(forged, from: server.with(port: 54)) == .ignored(nil))
        #expect(
            try hand(forged, from: SocketAddress(IPAddress(192, 0, 2, 2), port: 53))
                == .ignored(nil))
        #expect(try hand(forged, on: sent.socket + 1) == .ignored(nil))
        other = forged
        other.flags.remove(.response)
        #expect(try hand(other) == .ignored(.notAResponse))
        other = forged
        other.opcode = 4
        #expect(try hand(other) == .ignored(.notAResponse))
        other = forged
        other.questions[0].type = .aaaa
        #expect(try hand(other) == .ignored(.wrongQuestion))
        other = forged
        other.questions[0].name = DNSName("example.org")!
        #expect(try hand(other) == .ignored(.wrongQuestion))
        other.questions = []
        #expect(try hand(other) == .ignored(.wrongQuestion))
        other.questions = forged.questions + forged.questions
        #expect(try hand(other) == .ignored(.wrongQuestion))
        other = forged
        let lower = forged.questions[0].name.lowercased
        other.questions[0].name =
            lower.isIdentical(to: forged.questions[0].name) ? DNSName("EXAMPLE.com")! : lower
        #expect(try hand(other) == .ignored(.wrongCase))
        other = forged
        other.edns = EDNS(options: [
            .init(code: EDNS.Option.cookieCode, value: [1, 2, 3, 4, 5, 6, 7, 8])
        ])
        #expect(try hand(other) == .ignored(.wrongCookie))
        other.edns?.options[0].value = [1]
        #expect(try hand(other) == .ignored(.wrongCookie))
        #expect(rig.machine.questionCount == 1)

        // The same server as a dual-stack socket writes it.
        let mapped = SocketAddress(
            .v6(IPv6Address(mapping: IPv4Address(192, 0, 2, 1))), port: 53)
        #expect(try hand(right, from: mapped) == .taken)
        #expect(try hand(forged) == .ignored(nil))
        try rig.run { _ in nil }
        #expect(rig.addresses(lookup) == ["192.0.2.1"])
    }

    @Test(
        "bytes that are no message move nothing, and a message that cannot be read ends its server")
    func garbage() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\nnameserver 192.0.2.2")
        let lookup = try rig.query("example.com")
        let sent = try rig.takeSent()[0]
        for bytes in [[], [0], Array(sent.transmission.message.prefix(11))] {
            #expect(rig.reply(bytes, to: sent) != .taken)
        }
        var broken = try sent.answer(a("192.0.2.1")).encoded()
        broken.removeLast()
        #expect(rig.reply(broken, to: sent) == .taken)
        let next = try rig.takeSent()[0]
        #expect(next.server == IPAddress(192, 0, 2, 2))
        try rig.reply(next.answer(a("192.0.2.2")), to: next)
        try rig.run { _ in nil }
        #expect(rig.addresses(lookup) == ["192.0.2.2"])
    }

    @Test("silence moves on from server to server, and ends")
    func silence() throws {
        var rig = ResolverRig(
            "nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:3 attempts:2")
        let lookup = try rig.query("example.com")
        let start = rig.now
        try rig.run { _ in nil }
        #expect(rig.failure(lookup) == .timeout)
        #expect(
            rig.sent.map { "\($0.server)" } == ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"])
        #expect(rig.now - start == 12_000_000_000)
        #expect(Set(rig.sent.map(\.query.id)).count == 4)
    }

    @Test("who did not answer is asked last for a while, and first again after it")
    func penalty() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:1")
        for (name, pause, servers) in [
            ("a.example", 0.0, [1, 2]), ("b.example", 0, [2]), ("c.example", 31, [1, 2]),
        ] as [(String, Double, [UInt8])] {
            rig.pass(seconds: pause)
            let before = rig.sent.count
            let lookup = try rig.query(name)
            try rig.run { $0.server == IPAddress(192, 0, 2, 2) ? $0.answer(a("192.0.2.9")) : nil }
            #expect(rig.addresses(lookup) == ["192.0.2.9"])
            #expect(
                rig.sent[before...].map(\.server) == servers.map { IPAddress(192, 0, 2, $0) })
        }
    }

    @Test("a late answer counts while the question is open, a late failure does not")
    func late() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:1")
        for isFailure in [false, true] {
            let lookup = try rig.query("\(isFailure).example")
            let first = try rig.takeSent()[0]
            rig.pass(seconds: 1)
            rig.handleTimeouts()
            let second = try rig.takeSent()[0]
            #expect(second.server != first.server)
            let late = isFailure ? first.response(.serverFailure) : first.answer(a("192.0.2.1"))
            #expect(try rig.reply(late, to: first) == .taken)
            // A failure would otherwise use up an attempt while the second server is still asked.
            #expect(try rig.takeSent().isEmpty)
            let answer = second.answer(a("192.0.2.2"))
            #expect(try rig.reply(answer, to: second) == (isFailure ? .taken : .ignored(nil)))
            try rig.run { _ in nil }
            #expect(rig.addresses(lookup) == [isFailure ? "192.0.2.2" : "192.0.2.1"])
        }
    }

    @Test(
        "a server that fails makes room for the next, and its word is told when all fail",
        arguments: [
            (DNSResponseCode.serverFailure, DNSError.Code.serverError), (.refused, .refused),
            (DNSResponseCode(rawValue: 9), .noRecovery),
        ])
    func failures(code: DNSResponseCode, expected: DNSError.Code) throws {
        var rig = ResolverRig("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions attempts:1")
        let first = try rig.query("a.example")
        try rig.run {
            $0.server == IPAddress(192, 0, 2, 1) ? $0.response(code) : $0.answer(a("192.0.2.9"))
        }
        #expect(rig.addresses(first) == ["192.0.2.9"])
        let second = try rig.query("b.example")
        try rig.run { $0.server == IPAddress(192, 0, 2, 1) ? $0.response(code) : nil }
        #expect(rig.failure(second) == expected)
    }

    @Test("a referral is no answer")
    func referral() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\noptions attempts:1")
        let lookup = try rig.query("www.example.com")
        try rig.run { sent in
            var message = sent.response()
            message.authorities = [record("example.com", .ns(DNSName("ns.example.com")!))]
            return message
        }
        #expect(rig.failure(lookup) == .noRecovery)
    }

    @Test("the case that was drawn for a question is not seen in what answers it")
    func spelling() throws {
        var rig = ResolverRig()
        let lookup = try rig.query("WWW.example.com", .cname)
        let sent = try #require(try rig.takeSent().first)
        let asked = sent.query.questions[0].name
        #expect(!asked.isIdentical(to: DNSName("WWW.example.com")!))
        // A pointer to the question's name behind its first label.
        var bytes = try sent.answer(alias("www.example.com")).encoded(compressing: false)
        let end = 12 + asked.wire.count + 4
        bytes = Array(bytes[..<end])
        bytes.replaceSubrange(6..<12, with: [0, 1, 0, 0, 0, 0])
        bytes += [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, UInt8(ascii: "a"), 0xC0, 16]
        #expect(rig.reply(bytes, to: sent) == .taken)
        try rig.run { _ in nil }
        guard case .records(let answer)? = rig.outcomes[lookup] else {
            Issue.record("\(String(describing: rig.outcomes[lookup]))")
            return
        }
        #expect(answer.records.map(\.description) == ["WWW.example.com 60 IN CNAME a.example.com"])
    }

    @Test("when nobody listens at a socket's server, only what left by it goes on to the next one")
    func closedSocket() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\nnameserver 192.0.2.2")
        let first = try rig.query("one.test")
        let second = try rig.query("two.test")
        let sent = try rig.takeSent()
        #expect(sent.count == 2)
        rig.machine.failed(
            on: sent[0].socket, reason: "ECONNREFUSED", now: rig.now, using: &rig.random)
        let areAwaited = (0..<2).map { rig.machine.isAwaited(sent[$0].transmission.id) }
        #expect(areAwaited == [false, true])
        let again = try rig.takeSent()
        #expect(again.map(\.name) == ["one.test"])
        #expect(again[0].server == IPAddress(192, 0, 2, 2))
        try rig.reply(again[0].answer(a("192.0.2.7")), to: again[0])
        try rig.reply(sent[1].answer(a("192.0.2.8")), to: sent[1])
        try rig.run { _ in nil }
        #expect(rig.addresses(first) == ["192.0.2.7"])
        #expect(rig.addresses(second) == ["192.0.2.8"])
    }

    @Test("a broken connection and an unreachable server are told as such")
    func networkErrors() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\noptions attempts:2 use-vc")
        let lookup = try rig.query("example.com")
        for _ in 0..<2 {
            let sent = try rig.takeSent()[0]
            #expect(sent.transmission.isStream)
            rig.fail(sent, "connect: ECONNREFUSED")
            rig.fail(sent, "again")
        }
        try rig.run { _ in nil }
        #expect(rig.outcomes[lookup] == .failed(DNSError(.networkError, "connect: ECONNREFUSED")))
    }

    @Test("a server that cannot read EDNS is asked without it, from then on")
    func withoutEDNS() throws {
        var rig = ResolverRig()
        for name in ["a.example", "b.example"] {
            let lookup = try rig.query(name)
            try rig.run { sent in
                guard sent.query.edns == nil else {
                    return DNSMessage(
                        id: sent.query.id, flags: .response, responseCode: .formatError)
                }
                return sent.answer(a("192.0.2.1"))
            }
            #expect(rig.addresses(lookup) == ["192.0.2.1"])
        }
        #expect(rig.sent.map { $0.query.edns != nil } == [true, false, false])
    }

    @Test("cookies are learnt, sent back, renewed, and missed")
    func cookies() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\noptions timeout:1")
        func cookied(_ sent: ResolverRig.Sent, _ server: [UInt8]) -> DNSMessage {
            var message = sent.answer(a("192.0.2.1"))
            let client = Array(sent.query.edns?.cookie?.client ?? [])
            message.edns = EDNS(options: [
                .init(code: EDNS.Option.cookieCode, value: client + server)
            ])
            return message
        }
        let first = [UInt8](repeating: 7, count: 8)
        let second = [UInt8](repeating: 9, count: 16)
        _ = try rig.query("a.example")
        try rig.run { cookied($0, first) }
        #expect(rig.sent[0].query.edns?.cookie?.client.count == 8)
        #expect(rig.sent[0].query.edns?.cookie?.server.isEmpty == true)
        _ = try rig.query("b.example")
        try rig.run { sent in
            guard sent.query.edns?.cookie?.server.elementsEqual(second) == true else {
                var message = cookied(sent, second)
                message.answers = []
                message.responseCode = .badCookie
                return message
            }
            return cookied(sent, second)
        }
        #expect(rig.sent[1].query.edns?.cookie?.server.elementsEqual(first) == true)
        #expect(rig.sent[2].query.edns?.cookie?.server.elementsEqual(second) == true)
        #expect(Set(rig.sent.map { $0.query.edns?.cookie?.client }).count == 1)
        // Who had cookies and has none any more is a forger, or restarted: asked over a stream.
        let third = try rig.query("c.example")
        try rig.run { $0.answer(a("192.0.2.3")) }
        #expect(rig.addresses(third) == ["192.0.2.3"])
        #expect(rig.sent.map(\.transmission.isStream) == [false, false, false, false, true])
    }

    @Test("a server that changes the case of names is asked in its own case after a while")
    func caseChanger() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\noptions timeout:1")
        let lookup = try rig.query("abcdefghijklmnop.example")
        try rig.run { sent in
            var message = sent.answer(a("192.0.2.1"))
            message.questions[0].name = message.questions[0].name.lowercased
            return message
        }
        #expect(rig.addresses(lookup) == ["192.0.2.1"] && rig.sent.count == 2)
    }

    @Test("encrypted servers get padded queries over streams, without cookies and mixed case")
    func encrypted() throws {
        var configuration = ResolverConfiguration()
        configuration.servers = [
            .init(
                SocketAddress(IPAddress(192, 0, 2, 1), port: 853),
                transport: .tls(HostName("dns.example")))
        ]
        var rig = ResolverRig(configuration)
        let lookup = try rig.query("example.com")
        try rig.run { $0.answer(a("192.0.2.1")) }
        #expect(rig.addresses(lookup) == ["192.0.2.1"])
        let sent = try #require(rig.sent.first)
        #expect(sent.transmission.isStream && sent.transmission.message.count == 128)
        #expect(sent.query.edns?.cookie == nil)
        #expect(sent.query.questions[0].name.description == "example.com")
    }

    @Test("whatever the network does, every lookup ends and nothing is left behind")
    func chaos() throws {
        var dice = Seeded(state: 0xC4A05)
        var ends: [DNSError.Code?: Int] = [:]
        for round in 0..<300 {
            var configuration = ResolverConfiguration(
                parsing:
                    "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch x.example\noptions rotate")
            configuration.maximumQuestions = 6
            configuration.cacheCapacity = 4
            var rig = ResolverRig(configuration)
            rig.random = Seeded(state: UInt64(round) + 1)
            let lookups = try (0..<8).map { index in
                index.isMultiple(of: 2)
                    ? try rig.query("\(index % 3).example") : try rig.lookUpHost("h\(index % 4)")
            }
            var held: [(ResolverRig.Sent, [UInt8])] = []
            for _ in 0..<400 {
                let taken = try rig.takeSent()
                for sent in taken {
                    let codes: [DNSResponseCode] = [
                        .noError, .nameError, .serverFailure, .formatError,
                    ]
                    var message = sent.response(codes.randomElement(using: &dice)!)
                    if message.responseCode == .noError, dice.next() % 3 > 0 {
                        message = sent.answer(
                            dice.next() % 3 == 0
                                ? alias("\(dice.next() % 4).example") : a("192.0.2.1"))
                    }
                    if dice.next() % 6 == 0 { message.flags.insert(.truncated) }
                    var bytes = try message.encoded()
                    if dice.next() % 4 == 0 {
                        bytes[Int(dice.next() % UInt64(bytes.count))] ^= 1 << UInt8(dice.next() % 8)
                    }
                    switch dice.next() % 6 {
                    case 0: break
                    case 1: held.append((sent, bytes))
                    case 2:
                        rig.reply(bytes, to: sent)
                        rig.reply(bytes, to: sent)
                    case 3:
                        rig.fail(sent, "x")
                    default: rig.reply(bytes, to: sent)
                    }
                }
                if dice.next() % 3 == 0, let (sent, bytes) = held.popLast() {
                    rig.reply(bytes, to: sent)
                }
                while let (lookup, outcome) = rig.machine.pollOutcome() {
                    #expect(rig.outcomes.updateValue(outcome, forKey: lookup) == nil)
                }
                if taken.isEmpty {
                    guard let deadline = rig.machine.nextDeadline() else { break }
                    rig.now = max(rig.now, deadline)
                    rig.handleTimeouts()
                }
            }
            #expect(lookups.allSatisfy { rig.outcomes[$0] != nil })
            let deadline = rig.machine.nextDeadline()
            #expect(rig.machine.questionCount == 0 && rig.machine.cachedCount <= 4)
            #expect(deadline == nil)
            for lookup in lookups { ends[rig.failure(lookup), default: 0] += 1 }
        }
        // Of each kind of end there were some, or the network was too kind or too cruel.
        #expect((ends[nil] ?? 0) > 100 && ends.count > 4)
    }
}
