import SeliumNet
import SeliumTesting
import Testing

/// The zone that the peers serve.
private let zone = """
    $ORIGIN example.test.
    $TTL 300
    @ SOA ns.example.test. hostmaster.example.test. 7 3600 600 86400 60
    @ NS ns
    ns A 127.0.0.1
    www A 192.0.2.1
    www A 192.0.2.2
    www AAAA 2001:db8::1
    four A 192.0.2.4
    alias CNAME second
    second CNAME www
    outside CNAME www.other.test.
    gone CNAME nowhere.other.test.
    @ MX 20 backup
    @ MX 10 mail
    @ TXT "v=spf1 " "-all"
    _imap._tcp SRV 10 5 143 mail
    _imap._tcp SRV 20 0 993 backup
    _pop._tcp SRV 0 0 0 .
    svc SVCB 1 svc4 alpn=h2,h3 port=8443
    @ HTTPS 2 backup alpn=h2
    @ HTTPS 1 . alpn=h3 ipv4hint=192.0.2.7
    _8443._https.www HTTPS 1 . alpn=h2
    @ CAA 0 issue "ca.example.net"
    _25._tcp.mail TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    n NAPTR 100 20 "S" "SIP+D2T" "" _sip._tcp
    n NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp
    dotted\\.label A 192.0.2.9
    big TXT "\(String(repeating: "0123456789", count: 25))"
    \((0..<20).map { "big TXT \"\($0) \(String(repeating: "x", count: 240))\"" }
        .joined(separator: "\n"))
    text TYPE65400 \\# 3 010203
    """

private let other = """
    $ORIGIN other.test.
    $TTL 300
    @ SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60
    @ NS ns.example.test.
    www A 198.51.100.1
    """

private let reverse = """
    $ORIGIN 2.0.192.in-addr.arpa.
    $TTL 300
    @ SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60
    @ NS ns.example.test.
    1 PTR www.example.test.
    2 TXT "no name"
    """

private let reverse6 = """
    $ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.
    $TTL 300
    @ SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60
    @ NS ns.example.test.
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR www.example.test.
    """

private let zones = [
    "example.test": zone, "other.test": other, "2.0.192.in-addr.arpa": reverse,
    "8.b.d.0.1.0.0.2.ip6.arpa": reverse6,
]

@Suite("A resolver and name servers that others wrote", .inTurn())
struct ResolverPeerTests {
    private func name(_ text: String) -> DNSName { DNSName(text)! }

    @Test("nsd's records of every type are read as they were written")
    func records() async throws {
        try await NameServer.nsd(zones) { server in
            let resolver = server.resolver()
            #expect(
                try await resolver.lookupA("www.example.test")
                    == [IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2)])
            #expect(
                try await resolver.lookupAAAA("WWW.example.test.").map(\.description) == [
                    "2001:db8::1"
                ])
            #expect(
                try await resolver.lookupCNAME("alias.example.test") == [
                    name("second.example.test")
                ])
            #expect(
                try await resolver.lookupMX("example.test") == [
                    .init(priority: 10, exchange: name("mail.example.test")),
                    .init(priority: 20, exchange: name("backup.example.test")),
                ])
            // Records point at the question's name, whose case was drawn at random.
            let answer = try await resolver.answer(to: DNSQuestion(name("Example.test"), .ns))
            #expect(answer.records.map(\.description) == ["Example.test 300 IN NS ns.Example.test"])
            #expect(try await resolver.lookupTXT("example.test").map(\.text) == ["v=spf1 -all"])
            #expect(try await resolver.lookupNS("example.test") == [name("ns.example.test")])
            let start = try await resolver.lookupSOA("example.test")
            #expect(start.serial == 7 && start.minimum == 60)
            #expect(start.mailbox == name("hostmaster.example.test"))
            let rules = try await resolver.lookupNAPTR("n.example.test")
            #expect(rules.map(\.preference) == [10, 20])
            #expect(
                rules.map { String(decoding: $0.services, as: UTF8.self) } == [
                    "SIP+D2U", "SIP+D2T",
                ])
            // A name of any bytes, and a type that is nobody's.
            #expect(
                try await resolver.lookupA("dotted\\.label.example.test") == [
                    IPv4Address(192, 0, 2, 9)
                ])
            let unknown = try await resolver.query(
                "text.example.test", DNSRecordType(rawValue: 65_400))
            #expect(unknown.map(\.data) == [.unknown(DNSRecordType(rawValue: 65_400), [1, 2, 3])])
            #expect(unknown[0].ttl == 300)
        }
    }

    @Test("services, certificates and bindings are found under the names they have in nsd")
    func services() async throws {
        try await NameServer.nsd(zones) { server in
            let resolver = server.resolver()
            let places = try await resolver.lookupSRV("_imap", "_tcp", "example.test")
            #expect(places.map(\.port) == [143, 993])
            #expect(places == (try await resolver.lookupSRV("imap", "tcp", "example.test")))
            #expect(try await resolver.lookupSRV("pop", "tcp", "example.test").isEmpty)
            let associations = try await resolver.lookupTLSA("mail.example.test", port: 25)
            #expect(associations.map(\.usage) == [3])
            #expect(associations[0].association.count == 32)
            let bindings = try await resolver.lookupHTTPS("example.test")
            #expect(bindings.map(\.priority) == [1, 2])
            #expect(bindings[0].addressHints == [IPAddress(192, 0, 2, 7)])
            #expect(
                try await resolver.lookupHTTPS("www.example.test", port: 8443).map(\.alpn)
                    == [[Array("h2".utf8)]])
            #expect(try await resolver.lookupSVCB("svc.example.test").map(\.port) == [8443])
            // RFC 8659: the nearest name above that says something.
            let issuers = try await resolver.lookupCAA("deep.down.www.example.test")
            #expect(issuers.map { String(decoding: $0.value, as: UTF8.self) } == ["ca.example.net"])
            #expect(issuers[0].tag == "issue")
        }
    }

    @Test("hosts: both families, one of them, with a port, and by address")
    func hosts() async throws {
        try await NameServer.nsd(zones) { server in
            let resolver = server.resolver()
            let found = try await resolver.lookupHost("www.example.test")
            #expect(
                Set(found) == [
                    IPAddress(192, 0, 2, 1), IPAddress(192, 0, 2, 2), IPAddress("2001:db8::1")!,
                ])
            #expect(
                try await resolver.lookupHostV4("www.example.test")
                    == [IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2)])
            #expect(
                try await resolver.lookupHostV6("www.example.test") == [IPv6Address("2001:db8::1")!]
            )
            #expect(
                try await resolver.resolve("four.example.test", port: 443)
                    == [SocketAddress(IPv4Address(192, 0, 2, 4), port: 443)])
            var error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHostV6("four.example.test")
            }
            #expect(error.code == .noData)
            #expect(
                try await resolver.lookupAddress(IPAddress(192, 0, 2, 1))
                    == name("www.example.test"))
            #expect(
                try await resolver.lookupPTR(IPAddress("2001:db8::1")!) == [
                    name("www.example.test")
                ])
            for nameless in [IPAddress(192, 0, 2, 2), IPAddress(192, 0, 2, 77)] {
                error = await dnsFailure { () throws(DNSError) in
                    _ = try await resolver.lookupAddress(nameless)
                }
                #expect(error.code == .notFound)
            }
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHost("nowhere.example.test")
            }
            #expect(error.code == .hostNotFound)
            // nsd does not look things up for others.
            error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHost("example.org")
            }
            #expect(error.code == .refused && error.denial == nil)
        }
    }

    @Test("the search list of a resolver makes whole names of short ones")
    func search() async throws {
        try await NameServer.nsd(zones) { server in
            let resolver = server.resolver {
                $0.searchDomains = [DNSName("other.test")!, DNSName("example.test")!]
            }
            let found = try await resolver.lookupHostV4("four")
            #expect(found == [IPv4Address(192, 0, 2, 4)])
            #expect(try await resolver.lookupHostV4("www") == [IPv4Address(198, 51, 100, 1)])
            let error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHostV4("four.")
            }
            #expect(error.code == .refused)
        }
    }

    @Test("an answer that does not fit into a datagram comes over TCP")
    func truncation() async throws {
        try await NameServer.nsd(zones) { server in
            let texts = try await server.resolver().lookupTXT("big.example.test")
            #expect(texts.count == 21)
            #expect(texts.map(\.text.utf8.count).reduce(0, +) > 5_000)
            let streams = server.resolver { $0.usesStreams = true }
            #expect(try await streams.lookupTXT("big.example.test").count == 21)
            #expect(try await streams.lookupA("four.example.test") == [IPv4Address(192, 0, 2, 4)])
        }
    }

    @Test("unbound follows aliases and says for how long a name is not there")
    func recursion() async throws {
        try await NameServer.nsd(zones) { authority in
            try await NameServer.unbound(["example.test", "other.test"], at: authority.address) {
                server in
                let resolver = server.resolver()
                let answer = try await resolver.answer(
                    to: DNSQuestion(name("alias.example.test"), .aaaa))
                #expect(answer.aliases.count == 2)
                #expect(answer.canonicalName == name("www.example.test"))
                #expect(answer.addresses == [IPAddress("2001:db8::1")!])
                #expect(
                    try await resolver.lookupHost("outside.example.test") == [
                        IPAddress(198, 51, 100, 1)
                    ])
                for missing in ["nowhere.example.test", "gone.example.test"] {
                    let error = await dnsFailure { () throws(DNSError) in
                        _ = try await resolver.lookupHost(missing)
                    }
                    #expect(error.code == .hostNotFound)
                }
                #expect(try await resolver.lookupTXT("big.example.test").count == 21)
                // What it has learnt needs no server, absences included.
                let kept = resolver.statistics.cached
                #expect(kept >= 6)
                let error = await dnsFailure { () throws(DNSError) in
                    _ = try await resolver.lookupHost("nowhere.example.test")
                }
                #expect(error.code == .hostNotFound)
                #expect(resolver.statistics.cached == kept)
                resolver.clearCache()
                #expect(resolver.statistics.cached == 0)
            }
        }
    }

    @Test("cookies go to and fro with nsd, and each answer has the one that belongs to it")
    func cookies() async throws {
        try await NameServer.nsd(zones, options: "answer-cookie: yes") { server in
            let resolver = server.resolver { $0.cacheCapacity = 0 }
            // Once the server has sent its cookie, an answer without it, or with another, is not believed:
            // one that is not taken along, or not given back, would end in silence.
            for _ in 0..<20 {
                let found = try await resolver.lookupA("four.example.test", within: .seconds(30))
                #expect(found.count == 1)
            }
        }
    }

    @Test("a thousand lookups at once are all answered, by unbound and over few sockets")
    func many() async throws {
        let lines = (0..<1_000).map { "h\($0) A 10.0.\($0 / 250).\($0 % 250)" }
        try await NameServer.nsd(["example.test": zone + "\n" + lines.joined(separator: "\n")]) {
            authority in
            try await NameServer.unbound(["example.test"], at: authority.address) { server in
                let resolver = server.resolver()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<1_000 {
                        group.addTask {
                            let found = try await resolver.lookupA("h\(number).example.test")
                            let wanted = IPv4Address(
                                10, 0, UInt8(number / 250), UInt8(number % 250))
                            #expect(found == [wanted])
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(resolver.statistics.sockets <= 2 * DNSSocketPool.usualSize)
            }
        }
    }
}
