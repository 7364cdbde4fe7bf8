import SeliumNetCore
import SeliumTesting
import Testing

@Suite("resolv.conf, hosts and what is around them", .inTurn())
struct ResolverFileTests {
    @Test("resolv.conf says whom to ask and how")
    func resolvConf() {
        let configuration = ResolverConfiguration(
            parsing: """
                # a comment
                ; another
                nameserver 192.0.2.1
                nameserver\t2001:db8::1\r
                nameserver fe80::1%2
                domain only.example
                search a.example  B.example.
                options ndots:3 timeout:7 attempts:4 rotate use-vc trust-ad unknown:9
                sortlist 10.0.0.0
                """)
        #expect(
            configuration.servers.map(\.address.description) == [
                "192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%2]:53",
            ])
        #expect(configuration.searchDomains.map(\.description) == ["a.example", "b.example"])
        #expect(configuration.dots == 3 && configuration.timeout == 7_000_000_000)
        #expect(configuration.attempts == 4 && configuration.rotates)
        #expect(configuration.usesStreams && configuration.trustsAuthenticData)
    }

    @Test("what resolv.conf cannot mean is skipped, and numbers stay within their limits")
    func brokenResolvConf() {
        let configuration = ResolverConfiguration(
            parsing: """
                nameserver
                nameserver localhost
                nameserver 1.2.3
                 nameserver 192.0.2.7
                search -x.example ok.example 1.2.3.4
                options ndots:99 timeout:-4 attempts:0 timeout ndots:x :5 ndots:
                nonsense
                """)
        #expect(configuration.servers.map(\.address.description) == ["192.0.2.7:53"])
        #expect(configuration.searchDomains.map(\.description) == ["ok.example"])
        #expect(configuration.dots == ResolverConfiguration.maximumDots)
        #expect(configuration.timeout == 1_000_000_000 && configuration.attempts == 1)
        #expect(ResolverConfiguration(parsing: "").effectiveServers.map(\.address.port) == [53])
        let many = ResolverConfiguration(
            parsing: (1...99).map { "nameserver 192.0.2.\($0)\n" }.joined()
                + "search " + (1...99).map { "d\($0)" }.joined(separator: " "))
        #expect(many.servers.count == ResolverConfiguration.maximumServers)
        #expect(many.searchDomains.count == ResolverConfiguration.maximumSearchDomains)
    }

    @Test("a hosts file gives addresses in its order and the first name of each")
    func hostsFile() throws {
        let hosts = HostsFile(
            parsing: """
                127.0.0.1\tlocalhost
                ::1 localhost ip6-localhost # both
                192.0.2.1 Printer.example printer
                192.0.2.1 other
                2001:db8::1   printer
                192.0.2.1 printer
                #192.0.2.2 printer
                999.0.2.1 printer
                192.0.2.3
                192.0.2.4 -bad good
                """)
        func addresses(_ name: String) throws -> [String] {
            hosts.addresses(of: try HostName(parsing: name)).map(\.description)
        }
        #expect(try addresses("localhost") == ["127.0.0.1", "::1"])
        #expect(try addresses("PRINTER") == ["192.0.2.1", "2001:db8::1"])
        #expect(try addresses("printer.example.") == ["192.0.2.1"])
        #expect(try addresses("good") == ["192.0.2.4"] && addresses("nobody").isEmpty)
        #expect(hosts.name(of: IPAddress(192, 0, 2, 1))?.text == "printer.example")
        #expect(hosts.name(of: IPAddress(192, 0, 2, 3)) == nil)
        let many = HostsFile(parsing: (0...255).map { "192.0.2.\($0) many\n" }.joined())
        #expect(many.addresses(of: HostName("many")!).count == HostsFile.maximumAddresses)
    }

    @Test("messages come out of a stream however it is cut")
    func streams() throws {
        var random = Seeded(state: 0x57)
        let messages = (0..<50).map { index in
            (0..<(index == 7 ? 65_535 : index * 3)).map { _ in UInt8(truncatingIfNeeded: index) }
        }
        let bytes = try messages.flatMap { try #require(DNSStreamSplitter.framed($0)) }
        var splitter = DNSStreamSplitter()
        var found: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = random.next() % 4 == 0 ? 5_000 : Int(random.next() % 5)
            splitter.receive(rest.prefix(count)) { found.append($0) }
            rest = rest.dropFirst(count)
        }
        #expect(found == messages && splitter.isAtBoundary)
        splitter.receive([0, 2, 1]) { found.append($0) }
        #expect(found.count == messages.count && !splitter.isAtBoundary)
        #expect(DNSStreamSplitter.framed([UInt8](repeating: 0, count: 65_536)) == nil)
    }

    @Test("queries are small, and padded to a block where they are encrypted")
    func queries() throws {
        for name in ["a", "example.com", String(repeating: "abc.", count: 60)] {
            let question = DNSQuestion(try DNSName(parsing: name), .https)
            let bytes = DNSQuery.message(id: 0xABCD, question)
            let message = try DNSMessage(decoding: bytes)
            #expect(message.id == 0xABCD && message.questions == [question])
            #expect(message.edns == EDNS() && message.flags == .recursionDesired)
            let padded = DNSQuery.message(id: 1, question, isPadded: true)
            #expect(padded.count.isMultiple(of: DNSQuery.paddingBlock))
            #expect(padded.count >= bytes.count + 4 && padded.count < bytes.count + 4 + 128)
            #expect(try DNSMessage(decoding: padded).questions == [question])
            #expect(
                try DNSMessage(decoding: DNSQuery.message(id: 1, question, edns: nil)).edns == nil)
        }
    }

    @Test("service bindings say what they offer and whether they are of use")
    func bindings() throws {
        typealias Key = ServiceBinding.Key
        let hints: [UInt8] = [192, 0, 2, 1]
        let binding = try ServiceBinding(
            priority: 1, target: .root,
            parameters: [
                (.ipv4Hint, hints), (.port, [0x01, 0xBB]), (.alpn, [2, 0x68, 0x32, 2, 0x68, 0x33]),
                (.ech, [1, 2]), (.mandatory, [0, 1, 0, 3]), (.noDefaultALPN, []),
                (.ipv6Hint, [UInt8](repeating: 0, count: 15) + [1]),
            ])
        #expect(binding.parameters.map(\.key.rawValue) == [0, 1, 2, 3, 4, 5, 6])
        #expect(binding.port == 443 && binding.alpn == [Array("h2".utf8), Array("h3".utf8)])
        #expect(!binding.hasDefaultProtocol && !binding.isAlias && binding.ech == [1, 2])
        #expect(binding.addressHints.map(\.description) == ["::1", "192.0.2.1"])
        #expect(binding.mandatory == [.alpn, .port])
        #expect(binding.isUsable(knowing: [.alpn, .port]) && !binding.isUsable(knowing: [.alpn]))
        let empty = try ServiceBinding(priority: 0, target: DNSName(parsing: "x"))
        #expect(
            empty.isAlias && empty.port == nil && empty.alpn.isEmpty && empty.addressHints.isEmpty)
        #expect(empty.isUsable(knowing: []))
        let without = try ServiceBinding(
            priority: 1, target: .root, parameters: [(.noDefaultALPN, [])])
        #expect(!without.isUsable(knowing: [.noDefaultALPN]))
        for (key, value) in [
            (Key.port, [1]), (.ipv4Hint, []), (.ipv6Hint, [1]), (.alpn, []), (.noDefaultALPN, [1]),
            (.mandatory, [0]), (.mandatory, [0, 0]), (.mandatory, [0, 3, 0, 1]),
        ] as [(Key, [UInt8])] {
            #expect(throws: DNSFormatError.self) {
                try ServiceBinding(priority: 1, target: .root, parameters: [(key, value)])
            }
        }
    }

    @Test("addresses are tried in the order of RFC 6724, its own examples among them")
    func order() throws {
        // Section 10.2: destinations, the source for each, the order expected.
        let cases: [([(String, String)], [String])] = [
            (
                [("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "2001:db8:1::2")],
                ["2001:db8:1::1", "198.51.100.121"]
            ),
            (
                [("2001:db8:1::1", "fe80::1"), ("198.51.100.121", "198.51.100.117")],
                ["198.51.100.121", "2001:db8:1::1"]
            ),
            (
                [("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")],
                ["2001:db8:1::1", "10.1.2.3"]
            ),
            (
                [("2001:db8:1::1", "2001:db8:1::2"), ("fe80::1", "fe80::2")],
                ["fe80::1", "2001:db8:1::1"]
            ),
            (
                [("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2001:db8:1::2")],
                ["2001:db8:1::1", "2002:c633:6401::1"]
            ),
            // Longest common prefix, and no route.
            (
                [("2001:db8:1::1", "2001:db8:3fff::2"), ("2001:db8:3ffe::1", "2001:db8:3fff::2")],
                ["2001:db8:3ffe::1", "2001:db8:1::1"]
            ),
            (
                [("2001:db8:1::1", ""), ("198.51.100.121", "198.51.100.117")],
                ["198.51.100.121", "2001:db8:1::1"]
            ),
            (
                [("198.51.100.9", "10.0.0.1"), ("198.51.100.8", "10.0.0.1")],
                ["198.51.100.9", "198.51.100.8"]
            ),
        ]
        for (pairs, expected) in cases {
            let sources = Dictionary(
                uniqueKeysWithValues: try pairs.map { pair in
                    (try IPAddress(parsing: pair.0), IPAddress(pair.1))
                })
            let destinations = try pairs.map { pair in try IPAddress(parsing: pair.0) }
            let sorted = AddressOrder.sorted(destinations) { sources[$0] ?? nil }
            #expect(sorted.map(\.description) == expected)
        }
    }

    @Test("places of a service come by priority, and within one by their weight")
    func services() throws {
        var random = Seeded(state: 0x524)
        func place(_ priority: UInt16, _ weight: UInt16, _ port: UInt16) -> DNSRecordData.SRV {
            .init(priority: priority, weight: weight, port: port, target: .root)
        }
        let places = [place(2, 0, 4), place(1, 75, 1), place(1, 25, 2), place(1, 0, 3)]
        var first: [UInt16: Int] = [:]
        for _ in 0..<4_000 {
            let ordered = places.ordered(using: &random)
            #expect(ordered.count == 4 && ordered[3].port == 4)
            #expect(Set(ordered.map(\.port)).count == 4)
            first[ordered[0].port, default: 0] += 1
        }
        #expect((2_700...3_200).contains(first[1] ?? 0) && (750...1_250).contains(first[2] ?? 0))
        #expect((1...150).contains(first[3] ?? 0) && first[4] == nil)
    }
}
