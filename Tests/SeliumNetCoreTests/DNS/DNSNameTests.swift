import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Domain names", .inTurn())
struct DNSNameTests {
    @Test(
        "a text and its canonical form are the same name",
        arguments: [
            ("example.com", "example.com"), ("example.com.", "example.com"), (".", "."),
            ("a\\.b.c", "a\\.b.c"), ("\\097", "a"), ("\\000.x", "\\000.x"), ("a\\(b", "a\\(b"),
            ("ExAmPle", "ExAmPle"), ("*.x", "*.x"), ("_a._b.c", "_a._b.c"),
        ])
    func texts(text: String, canonical: String) throws {
        let name = try DNSName(parsing: text)
        #expect(name.description == canonical)
        #expect(DNSName(canonical) == name)
    }

    @Test(
        "texts that are no names are refused",
        arguments: [
            ("", DNSFormatError.Code.badLabel), ("..", .badLabel), (".a", .badLabel),
            ("a..b", .badLabel), ("a b", .badText), ("a\u{0}", .badText), ("é", .badText),
            ("a\\", .badText), ("a\\25", .badText), ("a\\256", .badText), ("a\\2x5", .badText),
            ("a\\\u{7F}", .badText),
            (String(repeating: "a", count: 64), .nameTooLong),
            (String(repeating: "a.", count: 128), .nameTooLong),
            (String(repeating: "a", count: 5_000), .nameTooLong),
        ])
    func refused(text: String, expected: DNSFormatError.Code) {
        let error = #expect(throws: DNSFormatError.self) { try DNSName(parsing: text) }
        #expect(error?.code == expected)
    }

    @Test("case makes no difference to equality and hashes, and is kept")
    func letterCase() throws {
        let upper = try DNSName(parsing: "WWW.Example.Com")
        let lower = try DNSName(parsing: "www.example.com")
        #expect(upper == lower && upper.hashValue == lower.hashValue)
        #expect(!upper.isIdentical(to: lower) && upper.lowercased.isIdentical(to: lower))
        #expect(upper.description == "WWW.Example.Com")
        // Only letters fold: @ and ` differ by the same bit.
        #expect(DNSName("\\@") != DNSName("`"))
    }

    @Test("a name lies within its parents and no other that ends alike")
    func within() throws {
        let name = try DNSName(parsing: "a.b.Example.com")
        #expect(name.isWithin(name) && name.isWithin(.root))
        #expect(name.isWithin(try DNSName(parsing: "example.COM")))
        #expect(!name.isWithin(try DNSName(parsing: "ample.com")))
        #expect(!name.isWithin(try DNSName(parsing: "x.a.b.example.com")))
        #expect(name.parent == DNSName("b.example.com") && DNSName.root.parent == nil)
        // A label that holds the bytes of a name is not that name.
        #expect(!DNSName("x\\003com")!.isWithin(DNSName("com")!))
    }

    @Test("names can be put together up to their limit")
    func appending() throws {
        let label = String(repeating: "a", count: 63)
        let long = try DNSName(parsing: [label, label, label].joined(separator: "."))
        #expect(long.appending(try DNSName(parsing: "b.c"))?.labels.count == 5)
        #expect(long.appending(try DNSName(parsing: label)) == nil)
        #expect(DNSName.root.appending(long) == long && long.appending(.root) == long)
    }

    @Test("DNSSEC's order is by label from the right")
    func order() throws {
        // RFC 4034 section 6.1.
        let sorted = [
            "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE",
            "z.example", "\\001.z.example", "*.z.example", "\\200.z.example",
        ]
        let names = try sorted.map { text in try DNSName(parsing: text) }
        #expect(names.reversed().sorted() == names)
    }

    @Test("reverse names are those of RFC 1035 and RFC 3596, and lead back")
    func reverse() throws {
        // RFC 3596 section 2.5.
        let six = try IPAddress(parsing: "4321:0:1:2:3:4:567:89ab")
        #expect(
            DNSName(reverseOf: six).description
                == "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa")
        #expect(DNSName(reverseOf: six).reversedAddress == six)
        let four = IPAddress(1, 2, 3, 4)
        #expect(DNSName(reverseOf: four).description == "4.3.2.1.in-addr.arpa")
        #expect(DNSName(reverseOf: four).reversedAddress == four)
        #expect(
            DNSName(reverseOf: try IPAddress(parsing: "::ffff:1.2.3.4")) == DNSName(reverseOf: four)
        )
        for text in [
            "in-addr.arpa", "3.2.1.in-addr.arpa", "5.4.3.2.1.in-addr.arpa", "04.3.2.1.in-addr.arpa",
            "4.3.2.1.ip6.arpa", "256.3.2.1.in-addr.arpa", "4.3.2.1.in-addr.com", "arpa",
        ] {
            #expect(DNSName(text)?.reversedAddress == nil, "\(text)")
        }
    }

    @Test("host names become names on the wire and back")
    func hosts() throws {
        let host = try HostName(parsing: "www.example.com.")
        #expect(DNSName(host).description == "www.example.com")
        #expect(DNSName(host).hostName?.text == "www.example.com")
        #expect(DNSName("a\\.b")?.hostName == nil && DNSName.root.hostName == nil)
        #expect(DNSName("a\\255")?.hostName == nil)
    }

    @Test("services have names of their own")
    func services() throws {
        let domain = try HostName(parsing: "example.com")
        for (service, transport) in [("_imap", "_tcp"), ("imap", "tcp")] {
            let name = try DNSName(service: service, over: transport, in: domain)
            #expect(name.description == "_imap._tcp.example.com")
        }
        for (service, transport) in [("", "tcp"), ("_", "tcp"), ("a.b", "tcp"), ("imap", "_")] {
            #expect(throws: DNSFormatError.self) {
                try DNSName(service: service, over: transport, in: domain)
            }
        }
        #expect(try DNSName(bindingOf: "https", host: domain, port: 443) == DNSName(domain))
        #expect(
            try DNSName(bindingOf: "https", host: domain, port: 8443).description
                == "_8443._https.example.com")
        #expect(
            try DNSName(bindingOf: "foo", host: domain, port: 443).description
                == "_443._foo.example.com")
    }

    @Test("types have their names and numbers both ways")
    func types() {
        let numbers: [(DNSRecordType, UInt16, String)] = [
            (.a, 1, "A"), (.ns, 2, "NS"), (.cname, 5, "CNAME"), (.soa, 6, "SOA"),
            (.ptr, 12, "PTR"), (.mx, 15, "MX"), (.txt, 16, "TXT"), (.aaaa, 28, "AAAA"),
            (.srv, 33, "SRV"), (.naptr, 35, "NAPTR"), (.dname, 39, "DNAME"), (.opt, 41, "OPT"),
            (.tlsa, 52, "TLSA"), (.svcb, 64, "SVCB"), (.https, 65, "HTTPS"), (.any, 255, "ANY"),
            (.caa, 257, "CAA"), (.init(rawValue: 999), 999, "TYPE999"),
        ]
        for (type, number, text) in numbers {
            #expect(type.rawValue == number && type.description == text)
            #expect(DNSRecordType(text.lowercased()) == type)
        }
        for text in ["", "AA", "TYPE", "TYPE65536", "TYPE+1", "TYPE-1"] {
            #expect(DNSRecordType(text) == nil, "\(text)")
        }
    }
}
