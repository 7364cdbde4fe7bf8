import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Addresses", .inTurn())
struct AddressTests {
    /// The code a parser fails with, nil if it accepts the text.
    private func code(_ parse: () throws(AddressError) -> Void) -> AddressError.Code? {
        do throws(AddressError) {
            try parse()
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "IPv4 takes four plain decimal numbers and nothing else",
        arguments: [
            ("", AddressError.Code.truncated), ("1.2.3", .truncated), ("1.2.3.", .truncated),
            ("1.2.3.4.5", .unexpectedCharacter), ("01.2.3.4", .leadingZero),
            ("1.2.3.00", .leadingZero), ("256.1.1.1", .outOfRange),
            ("0x7f.1.1.1", .unexpectedCharacter),
            ("1.2.3.4 ", .unexpectedCharacter), (" 1.2.3.4", .unexpectedCharacter),
            ("1.2.3.4\n", .unexpectedCharacter), ("+1.2.3.4", .unexpectedCharacter),
            ("2130706433", .outOfRange), ("127.1", .truncated), ("१.2.3.4", .unexpectedCharacter),
        ])
    func refusedIPv4(text: String, expected: AddressError.Code) {
        #expect(code { () throws(AddressError) in _ = try IPv4Address(parsing: text) } == expected)
    }

    @Test(
        "IPv6 refuses what RFC 4291 does not write",
        arguments: [
            ("", AddressError.Code.truncated), (":", .truncated), (":1", .unexpectedCharacter),
            ("1:", .truncated), ("1:2:3:4:5:6:7", .wrongGroupCount),
            ("1:2:3:4:5:6:7:8:9", .wrongGroupCount), ("1::2::3", .misplacedCompression),
            (":::", .unexpectedCharacter), ("1:::2", .unexpectedCharacter),
            ("1:2:3:4::5:6:7:8", .misplacedCompression), ("12345::", .outOfRange),
            ("::1.2.3", .truncated), ("::1.2.3.4:5", .unexpectedCharacter),
            ("1:2:3:4:5:6:7:1.2.3.4", .wrongGroupCount), ("::g", .unexpectedCharacter),
            ("[::1]", .unexpectedCharacter), ("::1%", .badZone), ("::1%0", .badZone),
            ("::1%01", .badZone), ("::1%eth0", .badZone), ("::1%4294967296", .badZone),
            ("::1%3x", .unexpectedCharacter), ("::1/64", .unexpectedCharacter),
        ])
    func refusedIPv6(text: String, expected: AddressError.Code) {
        #expect(code { () throws(AddressError) in _ = try IPv6Address(parsing: text) } == expected)
    }

    @Test(
        "IPv6 is written as RFC 5952 says",
        arguments: [
            ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("0:0:1:0:0:0:1:0", "0:0:1::1:0"),
            ("2001:DB8::A", "2001:db8::a"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("0:0:0:0:0:0:0:0", "::"),
            ("::ffff:7f00:1", "::ffff:127.0.0.1"), ("::127.0.0.1", "::7f00:1"),
            ("fe80::1%7", "fe80::1%7"), ("1::", "1::"),
        ])
    func canonicalText(text: String, expected: String) throws {
        #expect(try IPv6Address(parsing: text).description == expected)
    }

    @Test("a socket address keeps its zone and port and reads its own text back")
    func socketAddresses() throws {
        for text in [
            "127.0.0.1:0", "[::1]:65535", "[fe80::1%4294967295]:7000", "[::ffff:1.2.3.4]:80",
        ] {
            #expect(try SocketAddress(parsing: text).description == text)
        }
        let address = try SocketAddress(parsing: "[fe80::1%9]:443")
        #expect(address.address == .v6(IPv6Address(0xFE80, 0, 0, 0, 0, 0, 0, 1, scopeID: 9)))
        #expect(address.port == 443)
    }

    @Test(
        "a socket address needs its brackets and a plain port",
        arguments: [
            "127.0.0.1", "127.0.0.1:", "127.0.0.1:080", "127.0.0.1:65536", "127.0.0.1:+1", "::1:80",
            "[::1]", "[::1]80", "[::1:80", "[127.0.0.1]:80", "[::1]:80x", "localhost:80", "",
            "127.0.0.1:99999999999999999999999",
        ])
    func refusedSocketAddresses(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test("octets come out as they went in, and other lengths are refused")
    func octets() throws {
        let v4 = try #require(IPv4Address(octets: [192, 0, 2, 1]))
        #expect(v4.description == "192.0.2.1")
        #expect((0..<4).map { v4.octets[$0] } == [192, 0, 2, 1])
        let bytes = (0..<16).map { UInt8($0 * 17) }
        let v6 = try #require(IPv6Address(octets: bytes))
        #expect((0..<16).map { v6.octets[$0] } == bytes)
        #expect(v6.groups[0] == 0x0011)
        #expect(v6.groups[7] == 0xEEFF)
        for count in [0, 3, 5, 15, 17] {
            #expect(IPAddress(octets: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test("order is by family, number, interface, port")
    func order() throws {
        let sorted = [
            "0.0.0.1:9", "127.0.0.1:1", "127.0.0.1:2", "[::1]:1", "[fe80::1]:1", "[fe80::1%1]:1",
            "[fe80::2]:0",
        ]
        let addresses = try sorted.map { text in try SocketAddress(parsing: text) }
        #expect(addresses.reversed().sorted() == addresses)
    }

    @Test("every form that carries an IPv4 address has that one as its canonical form")
    func canonical() throws {
        let inside = IPAddress.v4(IPv4Address(10, 1, 2, 3))
        for text in [
            "10.1.2.3", "::ffff:10.1.2.3", "::10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1",
            "2001:0:808:808:0:0:f5fe:fdfc",
        ] {
            let address = try IPAddress(parsing: text)
            #expect(address.canonical == inside, "\(text)")
            #expect(address.addressClass == .privateUse, "\(text)")
        }
        #expect(IPAddress("::1")?.canonical == IPAddress("::1"))
        #expect(IPAddress("fe80::1%3")?.canonical == IPAddress("fe80::1"))
    }

    @Test("a Teredo address is as private as the worse of its two IPv4 addresses")
    func teredo() {
        // Server 127.0.0.1, client 8.8.8.8.
        #expect(IPAddress("2001:0:7f00:1:0:0:f7f7:f7f7")?.addressClass == .loopback)
        #expect(IPAddress("2001:0:808:808:0:0:f7f7:f7f7")?.addressClass == .global)
    }

    @Test("rate limits count an IPv6 /64 as one and a mapped address as its IPv4 address")
    func rateLimitPrefix() {
        #expect(IPAddress("2001:db8:1:2:3:4:5:6%2")?.rateLimitPrefix == IPAddress("2001:db8:1:2::"))
        #expect(IPAddress("::ffff:192.0.2.7")?.rateLimitPrefix == IPAddress("192.0.2.7"))
        #expect(IPAddress("192.0.2.7")?.rateLimitPrefix == IPAddress("192.0.2.7"))
    }

    @Test("predicates of the families agree with the class")
    func predicates() {
        #expect(IPv4Address.loopback.isLoopback && IPv6Address.loopback.isLoopback)
        #expect(IPv4Address.any.isUnspecified && IPv6Address.any.isUnspecified)
        #expect(IPv4Address.broadcast.isBroadcast && IPv4Address.broadcast.isReserved)
        #expect(IPv4Address(10, 0, 0, 1).isPrivate && !IPv4Address(11, 0, 0, 1).isPrivate)
        #expect(IPv4Address(169, 254, 169, 254).isLinkLocal)
        #expect(IPv4Address(100, 64, 0, 1).isShared && IPv4Address(198, 18, 0, 1).isBenchmark)
        #expect(IPv4Address(192, 0, 2, 1).isDocumentation && IPv4Address(224, 0, 0, 1).isMulticast)
        #expect(IPv6Address("fd00::1")?.isUniqueLocal == true)
        #expect(IPv6Address("fec0::1")?.isSiteLocal == true)
        #expect(IPv6Address("2606:4700::1")?.isGlobal == true)
        #expect(IPv6Address(mapping: .loopback).isLoopback)
    }
}
