import SeliumNetCore
import SeliumTesting
import Testing

@Suite("The resolver's machine", .inTurn())
struct ResolverTests {
    @Test("an answer is given once per question and kept for its TTL")
    func cache() throws {
        var rig = ResolverRig()
        let first = try rig.query("example.com")
        let second = try rig.query("EXAMPLE.com")
        try rig.run { $0.answer(a("192.0.2.7"), ttl: 30) }
        #expect(rig.addresses(first) == ["192.0.2.7"] && rig.addresses(second) == ["192.0.2.7"])
        #expect(rig.sent.count == 1)

        rig.pass(seconds: 29.5)
        let third = try rig.query("example.com")
        try rig.run { _ in nil }
        #expect(rig.sent.count == 1 && rig.addresses(third) == ["192.0.2.7"])
        rig.pass(seconds: 0.6)
        let fourth = try rig.query("example.com")
        try rig.run { $0.answer(a("192.0.2.8")) }
        #expect(rig.sent.count == 2 && rig.addresses(fourth) == ["192.0.2.8"])
        rig.machine.clearCache()
        _ = try rig.query("example.com")
        try rig.run { $0.answer(a("192.0.2.9")) }
        #expect(rig.sent.count == 3 && rig.machine.questionCount == 0)
    }

    @Test("ids and the case of names differ from query to query")
    func entropy() throws {
        var rig = ResolverRig()
        var ids: Set<UInt16> = []
        var names: Set<String> = []
        for index in 0..<200 {
            _ = try rig.query("\(index).abcdefghijklmnop.example")
            let sent = try rig.takeSent()[0]
            ids.insert(sent.query.id)
            names.insert(String(sent.query.questions[0].name.description.drop { $0 != "." }))
            #expect(sent.query.flags == .recursionDesired && sent.query.edns?.payloadSize == 1_232)
        }
        #expect(ids.count > 190 && names.count == 200)
    }

    @Test("an absence is kept as long as the zone says, and not at all when no zone says")
    func negative() throws {
        var rig = ResolverRig()
        func absent(_ code: DNSResponseCode, _ authority: DNSRecord?) -> (ResolverRig.Sent)
            -> DNSMessage
        {
            { sent in
                var message = sent.response(code)
                message.authorities = authority.map { [$0] } ?? []
                return message
            }
        }
        let name = try rig.query("no.example.com")
        try rig.run(absent(.nameError, soa("example.com", ttl: 300, minimum: 20)))
        #expect(rig.failure(name) == .hostNotFound)
        rig.pass(seconds: 19)
        let again = try rig.query("no.example.com")
        try rig.run { _ in nil }
        #expect(rig.failure(again) == .hostNotFound && rig.sent.count == 1)
        rig.pass(seconds: 2)
        let later = try rig.query("no.example.com", .mx)
        try rig.run(absent(.noError, soa("example.com")))
        #expect(rig.failure(later) == .noData && rig.sent.count == 2)
        // Without an SOA, or with that of another zone, nothing is kept.
        for authority in [nil, soa("example.org")] {
            for _ in 0..<2 {
                let before = rig.sent.count
                let lookup = try rig.query("none.example.com")
                try rig.run(absent(.nameError, authority))
                #expect(rig.failure(lookup) == .hostNotFound && rig.sent.count == before + 1)
            }
        }
    }

    @Test("aliases are followed, in one message or over several, and their TTLs count")
    func aliases() throws {
        var rig = ResolverRig()
        let one = try rig.query("www.example.com")
        try rig.run { sent in
            var message = sent.response()
            // Out of order, and with a record that nobody asked for.
            message.answers = [
                record("c.example.com", a("192.0.2.3")),
                record("evil.example.com", a("203.0.113.66")),
                record("www.example.com", ttl: 5, alias("b.example.com")),
                record("B.example.com", alias("c.example.com")),
            ]
            return message
        }
        #expect(rig.addresses(one) == ["192.0.2.3"])
        guard case .records(let answer)? = rig.outcomes[one] else { return }
        #expect(answer.canonicalName == DNSName("c.example.com") && answer.aliases.count == 2)
        #expect(answer.ttl == 5)

        let several = try rig.query("x.example.com")
        try rig.run { sent in
            switch sent.name {
            case "x.example.com": sent.answer(alias("y.example.com"))
            case "y.example.com": sent.answer(alias("z.example.com"))
            default: sent.answer(a("192.0.2.4"))
            }
        }
        #expect(rig.addresses(several) == ["192.0.2.4"])
        #expect(
            rig.sent.map(\.name).suffix(3) == ["x.example.com", "y.example.com", "z.example.com"])
        // Who asks for the alias itself gets it.
        let itself = try rig.query("x.example.com", .cname)
        try rig.run { $0.answer(alias("y.example.com")) }
        guard case .records(let found)? = rig.outcomes[itself] else { return }
        #expect(found.records.map(\.data) == [alias("y.example.com")] && found.aliases.isEmpty)
    }

    @Test("aliases in a circle and chains without end are given up")
    func circles() throws {
        var rig = ResolverRig()
        let circle = try rig.query("a.example")
        try rig.run { sent in
            var message = sent.response()
            message.answers = [
                record("a.example", alias("b.example")), record("b.example", alias("a.example")),
            ]
            return message
        }
        #expect(rig.failure(circle) == .invalidResponse && rig.sent.count == 1)
        let chain = try rig.query("0.example")
        try rig.run { sent in
            let number = Int(sent.name.prefix { $0 != "." }) ?? 0
            return sent.answer(alias("\(number + 1).example"))
        }
        #expect(rig.failure(chain) == .invalidResponse && rig.sent.count == 1 + 17)
        let longest = try rig.query("100.example")
        try rig.run { sent in
            let number = Int(sent.name.prefix { $0 != "." }) ?? 0
            return number < 116
                ? sent.answer(alias("\(number + 1).example")) : sent.answer(a("192.0.2.1"))
        }
        #expect(rig.addresses(longest) == ["192.0.2.1"])
    }

    @Test("what did not fit is asked for over a stream, and is an error when cut off there too")
    func truncation() throws {
        var rig = ResolverRig()
        let lookup = try rig.query("big.example")
        try rig.run { sent in
            guard !sent.transmission.isStream else { return sent.answer(a("192.0.2.1")) }
            var message = sent.response()
            message.flags.insert(.truncated)
            return message
        }
        #expect(rig.addresses(lookup) == ["192.0.2.1"])
        #expect(rig.sent.map(\.transmission.isStream) == [false, true])

        // A datagram that was cut off in the middle of a record is read as far as needed.
        let cut = try rig.query("cut.example")
        let sent = try rig.takeSent()[0]
        var message = sent.answer(a("192.0.2.1"))
        message.flags.insert(.truncated)
        #expect(rig.reply(try message.encoded().dropLast(9), to: sent) == .taken)
        try rig.run { $0.answer(a("192.0.2.2")) }
        #expect(rig.addresses(cut) == ["192.0.2.2"])

        let never = try rig.query("huge.example")
        try rig.run { sent in
            var message = sent.response()
            message.flags.insert(.truncated)
            return message
        }
        #expect(rig.failure(never) == .truncated)
    }

    @Test("special names and the hosts file ask nobody")
    func local() throws {
        var rig = ResolverRig(hosts: "192.0.2.9 printer # the old one\n::9 printer\n")
        let printer = try rig.lookUpHost("Printer")
        let four = try rig.lookUpHost("printer.", .v4)
        let loopback = try rig.lookUpHost("a.localhost")
        let records = try rig.query("localhost", .aaaa)
        let text = try rig.query("localhost", .txt)
        let nothing = try ["x.invalid", "x.onion", "printer.local", "x.alt"].map { name in
            try rig.lookUpHost(name)
        }
        let nothings = try rig.query("invalid")
        try rig.run { _ in nil }
        #expect(rig.addresses(printer) == ["192.0.2.9", "::9"])
        #expect(rig.addresses(four) == ["192.0.2.9"])
        #expect(rig.addresses(loopback) == ["::1", "127.0.0.1"])
        #expect(rig.addresses(records) == ["::1"] && rig.failure(text) == .noData)
        for lookup in nothing + [nothings] { #expect(rig.failure(lookup) == .hostNotFound) }
        #expect(rig.sent.isEmpty)
        #expect(rig.machine.knownName(of: IPAddress("192.0.2.9")!)?.text == "printer")
    }

    @Test("a server's word on DNSSEC counts only when it is trusted, and for all of the aliases")
    func authentic() throws {
        for isTrusted in [false, true] {
            var rig = ResolverRig("nameserver 192.0.2.1" + (isTrusted ? "\noptions trust-ad" : ""))
            func isAuthentic(_ name: String) throws -> Bool? {
                let lookup = try rig.query(name)
                try rig.run { sent in
                    var message =
                        sent.name.hasPrefix("to-")
                        ? sent.answer(alias(String(sent.name.dropFirst(3))))
                        : sent.answer(a("192.0.2.1"))
                    if sent.name.hasSuffix("signed.example") { message.flags.insert(.authentic) }
                    return message
                }
                guard case .records(let answer)? = rig.outcomes[lookup] else { return nil }
                return answer.isAuthentic
            }
            #expect(try isAuthentic("signed.example") == isTrusted)
            #expect(try isAuthentic("plain.example") == false)
            #expect(try isAuthentic("to-signed.example") == isTrusted)
            #expect(try isAuthentic("to-plain.example") == false)
            #expect(rig.sent[0].query.flags.contains(.authentic) == isTrusted)
        }
    }

    @Test("the search list is used as ndots says")
    func searchList() throws {
        let text = "nameserver 192.0.2.1\nsearch a.example b.example\noptions ndots:2"
        let cases: [(String, [String])] = [
            ("host", ["host.a.example", "host.b.example", "host"]),
            ("host.x", ["host.x.a.example", "host.x.b.example", "host.x"]),
            ("host.x.y", ["host.x.y", "host.x.y.a.example", "host.x.y.b.example"]),
            ("host.", ["host"]),
        ]
        for (name, expected) in cases {
            var rig = ResolverRig(text)
            let lookup = try rig.lookUpHost(name)
            try rig.run { $0.response(.nameError) }
            #expect(rig.failure(lookup) == .hostNotFound)
            #expect(rig.sent.filter { $0.type == .a }.map(\.name) == expected)
            #expect(rig.sent.count == 2 * expected.count)
        }
        var rig = ResolverRig(text)
        let lookup = try rig.lookUpHost("host")
        try rig.run { sent in
            switch (sent.name, sent.type) {
            case ("host.b.example", .a): sent.answer(alias("real.example"), ttl: 9)
            case ("real.example", .a): sent.answer(a("192.0.2.5"), ttl: 90)
            case ("host.a.example", _): sent.response(.nameError)
            default: sent.response()
            }
        }
        #expect(rig.addresses(lookup) == ["192.0.2.5"])
        guard case .addresses(let answer)? = rig.outcomes[lookup] else { return }
        #expect(answer.canonicalName == DNSName("real.example") && answer.ttl == 9)
        // "No such record" says more than "no such name".
        let partly = try rig.lookUpHost("other")
        try rig.run { $0.name == "other.a.example" ? $0.response() : $0.response(.nameError) }
        #expect(rig.failure(partly) == .noData)
    }

    @Test("both families are asked for, and one that fails does not hide the other")
    func families() throws {
        var rig = ResolverRig("nameserver 192.0.2.1\noptions attempts:1")
        let both = try rig.lookUpHost("two.example")
        let six = try rig.lookUpHost("two.example", .v6)
        try rig.run { $0.type == .a ? $0.answer(a("192.0.2.1")) : $0.answer(.aaaa(.loopback)) }
        #expect(rig.addresses(both) == ["::1", "192.0.2.1"] && rig.addresses(six) == ["::1"])
        #expect(rig.sent.count == 2)
        let half = try rig.lookUpHost("half.example")
        try rig.run { $0.type == .a ? $0.answer(a("192.0.2.1")) : $0.response(.serverFailure) }
        #expect(rig.addresses(half) == ["192.0.2.1"])
    }

    @Test("a lookup that was cancelled says nothing more, and frees what only it asked")
    func cancellation() throws {
        var rig = ResolverRig()
        let one = try rig.query("example.com")
        let two = try rig.query("example.com")
        let host = try rig.lookUpHost("example.org")
        rig.machine.cancel(host)
        #expect(rig.machine.questionCount == 1)
        rig.machine.cancel(one)
        #expect(rig.machine.questionCount == 1)
        try rig.run { $0.answer(a("192.0.2.1")) }
        #expect(rig.sent.count == 1 && rig.outcomes[one] == nil && rig.outcomes[host] == nil)
        #expect(rig.addresses(two) == ["192.0.2.1"])
        let known = try rig.query("example.com")
        rig.machine.cancel(known)
        let outcome = rig.machine.pollOutcome()
        let deadline = rig.machine.nextDeadline()
        #expect(outcome?.lookup == nil && deadline == nil)
    }

    @Test("beyond its capacities it says to try again, and forgets old answers")
    func capacities() throws {
        var configuration = ResolverConfiguration()
        configuration.maximumQuestions = 3
        configuration.maximumLookups = 5
        configuration.cacheCapacity = 8
        var rig = ResolverRig(configuration)
        let lookups = try (0..<5).map { index in try rig.query("\(index).example") }
        #expect(throws: DNSError(.tryAgain)) { try rig.query("x.example") }
        try rig.run { $0.answer(a("192.0.2.1")) }
        #expect(lookups.map { rig.failure($0) } == [nil, nil, nil, .tryAgain, .tryAgain])
        // A question that somebody asks again and again outlives the others.
        for index in 0..<100 {
            _ = try rig.query("0.example")
            _ = try rig.query("\(index).other")
            try rig.run { $0.answer(a("192.0.2.1")) }
        }
        #expect(rig.machine.cachedCount == 8)
        #expect(rig.sent.filter { $0.name == "0.example" }.count < 10)
    }
}
