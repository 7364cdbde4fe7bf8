import SeliumNet
import SeliumTesting
import Testing

@Suite("A resolver and a hostile network", .inTurn())
struct ResolverForgeryTests {
    private let truth = IPv4Address(192, 0, 2, 1)
    private static let lie = IPv4Address(203, 0, 113, 66)

    /// A lie for each thing that can be wrong about an answer.
    private static func lies(_ query: Responder.Query) -> [DNSMessage] {
        let good = query.answer(.a(lie))
        var lies = [good, good, good, good, good, good]
        lies[0].id &+= 1
        lies[1].id = ~good.id
        lies[2].questions[0].name = DNSName("other.test")!
        lies[3].questions[0].type = .aaaa
        lies[4].flags.remove(.response)
        lies[5].questions = []
        // The right name, but not in the case it was asked in.
        let wire = good.questions[0].name.description
        let turned = wire.map { $0.isUppercase ? $0.lowercased() : $0.uppercased() }.joined()
        var wrongCase = good
        wrongCase.questions[0].name = DNSName(turned)!
        return lies + [wrongCase]
    }

    @Test(
        "answers with a wrong id, question, case or source change nothing: the true one is waited for"
    )
    func forgeries() async throws {
        let truth = truth
        let elsewhere = try await UDPSocket.bind(anyPort)
        let otherHost = try await UDPSocket.bind("127.0.0.2:0")
        try await Responder.run { query, reply in
            for lie in Self.lies(query) { try await reply(lie.encoded()) }
            let perfect = ByteBuffer(bytes: try query.answer(.a(Self.lie)).encoded())
            try await elsewhere.send(perfect, to: query.sender)
            try await otherHost.send(perfect, to: query.sender)
            for junk in [[], [0], [UInt8](repeating: 0xFF, count: 12)] as [[UInt8]] {
                try await reply(junk)
            }
            try await reply(query.answer(.a(truth)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            for number in 0..<40 {
                #expect(try await resolver.lookupA("name\(number).test") == [truth])
            }
            #expect(responder.queries.count == 40)
        }
    }

    @Test("a flood of lies neither gets in nor keeps the answer out")
    func flood() async throws {
        let truth = truth
        try await Responder.run { query, reply in
            for number in 0..<400 {
                var lie = query.answer(.a(Self.lie))
                lie.id = query.message.id &+ 1 &+ UInt16(number)
                try await reply(lie.encoded())
                if number == 200 { try await reply(query.answer(.a(truth)).encoded()) }
            }
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver {
                // The kernel may have had no room for the true one.
                $0.timeout = 500_000_000
                $0.attempts = 60
            }
            for number in 0..<20 {
                #expect(try await resolver.lookupA("name\(number).test") == [truth])
            }
        }
    }

    @Test("an answer that is late counts as long as somebody wants it")
    func late() async throws {
        let truth = truth
        let held = Locked<(Responder.Query, Responder.Reply)?>(nil)
        try await Responder.run { (query: Responder.Query, reply: @escaping Responder.Reply) in
            // Each query is answered when the next one has come: when its own time is over.
            let previous = held.withLock { held in
                defer { held = (query, reply) }
                return held
            }
            guard let (query, reply) = previous else { return }
            try await reply(query.answer(.a(truth)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver {
                $0.timeout = 300_000_000
                $0.attempts = 60
            }
            #expect(try await resolver.lookupA("late.test", within: .seconds(60)) == [truth])
            #expect(responder.queries.count >= 2)
        }
    }

    @Test("a truncated answer is asked for again over TCP, in whatever pieces that comes")
    func truncation() async throws {
        try await Responder.run { query, reply in
            guard query.isStream else {
                var cut = query.answer(.txt(.init("cut")))
                cut.flags.insert(.truncated)
                return try await reply(cut.encoded())
            }
            // What nobody asked for comes first.
            var stranger = query.answer(.txt(.init("lie")))
            stranger.id &+= 1
            try await reply(stranger.encoded())
            try await reply(query.answer(.txt(.init("whole"))).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let texts = try await responder.resolver().lookupTXT("big.test")
            #expect(texts.map(\.text) == ["whole"])
            #expect(responder.queries.map(\.isStream) == [false, true])
        }
    }

    @Test("a server that truncates over TCP too, or says nothing there, ends the lookup")
    func truncatedStreams() async throws {
        try await Responder.run { query, reply in
            var cut = query.answer(.txt(.init("cut")))
            cut.flags.insert(.truncated)
            if query.name == "ends.test", query.isStream { throw DNSError(.other) }
            try await reply(cut.encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            var error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupTXT("cut.test")
            }
            #expect(error.code == .truncated)
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupTXT("ends.test")
            }
            #expect(error.code == .networkError)
            #expect(resolver.statistics.streams == 0)
        }
    }

    @Test("pointers in a circle, aliases in a circle and endless aliases are invalid answers")
    func loops() async throws {
        try await Responder.run { query, reply in
            switch query.name {
            case "pointers.test":
                // The record's name points at itself, behind header and question.
                var bytes = try query.response().encoded()
                let end = UInt16(12 + query.message.questions[0].name.wire.count + 4)
                bytes = Array(bytes[..<Int(end)])
                bytes.replaceSubrange(6..<12, with: [0, 1, 0, 0, 0, 0])
                bytes += [0xC0 | UInt8(end >> 8), UInt8(end & 0xFF), 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]
                try await reply(bytes + [203, 0, 113, 66])
            case "circle.test":
                try await reply(query.answer(.cname(DNSName("Circle.test")!)).encoded())
            default:
                let next = DNSName("x\(query.number).test")!
                try await reply(query.answer(.cname(next)).encoded())
            }
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            for name in ["pointers.test", "circle.test", "endless.test"] {
                let error = await dnsFailure { () throws(DNSError) in
                    _ = try await resolver.lookupA(name)
                }
                #expect(error.code == .invalidResponse, "\(name)")
            }
            #expect(responder.queries.count(where: { $0.name.hasPrefix("x") }) <= 17)
        }
    }

    @Test("what a server adds about other names is not believed")
    func poison() async throws {
        let truth = truth
        try await Responder.run { query, reply in
            var answer = query.answer(.a(truth))
            let victim = DNSRecord(name: DNSName("victim.test")!, ttl: 60, data: .a(Self.lie))
            guard query.name != "victim.test" else {
                return try await reply(query.answer(.a(truth)).encoded())
            }
            answer.answers.append(victim)
            answer.additionals.append(victim)
            answer.authorities.append(victim)
            try await reply(answer.encoded())
        } _: { (responder: Responder) async throws -> Void in
            let resolver = responder.resolver()
            #expect(try await resolver.lookupA("innocent.test") == [truth])
            #expect(try await resolver.lookupA("victim.test") == [truth])
            #expect(responder.queries.count == 2)
        }
    }
}
