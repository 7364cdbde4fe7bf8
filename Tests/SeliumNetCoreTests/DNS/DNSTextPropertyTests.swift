import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Names and files under random input", .inTurn())
struct DNSTextPropertyTests {
    private func text(_ random: inout Seeded, _ alphabet: [Character], upTo length: Int) -> String {
        String(
            (0..<Int.random(in: 0...length, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? "."
            })
    }

    @Test("names of any bytes survive their text and the wire")
    func names() throws {
        var random = Seeded(state: 0xDA7A)
        for _ in 0..<6_000 {
            let labels = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (0..<Int.random(in: 1...20, using: &random)).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
            }
            let name = try DNSName(labels: labels)
            #expect(name.labels.map(Array.init) == labels)
            #expect(try DNSName(parsing: name.description).isIdentical(to: name))
            #expect(name.description.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            let mixed = DNSQuery.mixingCase(name, using: &random)
            #expect(mixed == name && mixed.hashValue == name.hashValue)
            #expect(mixed.lowercased.isIdentical(to: name.lowercased))
        }
    }

    @Test("what a parser of texts accepts reads back as the same, and none traps")
    func texts() {
        var random = Seeded(state: 0x7E57)
        let alphabet = Array("aZ09.-_:@/\\[]%#; \t\0é\u{7F}x")
        var accepted = (hosts: 0, targets: 0, names: 0, unix: 0)
        for _ in 0..<60_000 {
            let text = text(&random, alphabet, upTo: 14)
            if let host = HostName(text) {
                accepted.hosts += 1
                #expect(HostName(host.description) == host)
                #expect(DNSName(host).hostName?.text == host.text)
                #expect(IPAddress(text) == nil)
            }
            if let target = try? SocketTarget(parsing: text + ":8") {
                accepted.targets += 1
                #expect((try? SocketTarget(parsing: target.description)) == target)
            }
            if let name = DNSName(text) {
                accepted.names += 1
                #expect(DNSName(name.description)?.isIdentical(to: name) == true)
            }
            if let endpoint = EndpointAddress("unix:" + text) {
                accepted.unix += 1
                #expect(EndpointAddress(endpoint.description) == endpoint)
            }
        }
        #expect(accepted.hosts > 1_000 && accepted.targets > 1_000)
        #expect(accepted.names > 1_000 && accepted.unix > 10_000)
    }

    @Test("no text of a configuration or hosts file traps, and the limits hold for each")
    func files() {
        var random = Seeded(state: 0xF11E)
        let words = [
            "nameserver", "search", "domain", "options", "ndots:", "timeout:", "attempts:", "-1",
            "99999999999999999999", "192.0.2.1", "::1", "fe80::1%1", "a.b", "#", ";", "\n", "\r\n",
            " ", "\t", "\0", "é", ":", "rotate", "\n", "\n",
        ]
        for _ in 0..<5_000 {
            let text = (0..<40).map { _ in words.randomElement(using: &random) ?? "" }
                .joined(separator: random.next() % 2 == 0 ? " " : "")
            let configuration = ResolverConfiguration(parsing: text)
            #expect(configuration.servers.count <= ResolverConfiguration.maximumServers)
            #expect((0...ResolverConfiguration.maximumDots).contains(configuration.dots))
            #expect((1...ResolverConfiguration.maximumAttempts).contains(configuration.attempts))
            #expect((1_000_000_000...30_000_000_000).contains(configuration.timeout))
            let hosts = HostsFile(parsing: text)
            if let address = hosts.addresses(of: HostName("a.b")!).first {
                #expect(hosts.name(of: address) != nil)
            }
        }
    }

    @Test("a cache stays within its bytes, and an answer that would fill it is not kept")
    func cacheBytes() {
        var random = Seeded(state: 0xCACE)
        var cache = DNSCache(capacity: 1_000, byteCapacity: 64 << 10)
        func answer(_ index: Int, bytes: Int) -> DNSAnswer {
            let name = DNSName("n\(index).example")!
            let data = DNSRecordData.txt(.init(strings: [[UInt8](repeating: 1, count: bytes)]))
            return DNSAnswer(
                question: DNSQuestion(name, .txt), aliases: [],
                records: [DNSRecord(name: name, ttl: 60, data: data)], ttl: 60, isAuthentic: false)
        }
        for index in 0..<2_000 {
            let bytes = Int(random.next() % 4_000)
            let answer = answer(index % 500, bytes: bytes)
            cache.insert(answer, now: 0)
            #expect(cache.bytes <= 64 << 10 && cache.bytes > 0)
            #expect(cache.find(answer.question, now: 1) != nil)
        }
        #expect(cache.count > 10)
        let count = cache.count
        let huge = answer(9_999, bytes: 9_000)
        cache.insert(huge, now: 0)
        #expect(cache.find(huge.question, now: 1) == nil && cache.count == count)
        cache.removeAll()
        #expect(cache.bytes == 0 && cache.count == 0)
    }
}
