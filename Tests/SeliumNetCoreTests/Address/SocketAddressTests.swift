import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Socket addresses of each family", .inTurn())
struct SocketAddressTests {
    @Test("the forms of one family read their own texts and nothing of the other")
    func families() throws {
        let four = try SocketAddressV4(parsing: "192.0.2.1:443")
        #expect(four.description == "192.0.2.1:443" && SocketAddressV4("[::1]:443") == nil)
        let six = try SocketAddressV6(parsing: "[fe80::1%3]:443")
        #expect(six.description == "[fe80::1%3]:443" && six.scopeID == 3)
        #expect(SocketAddressV6("192.0.2.1:443") == nil && SocketAddressV6("fe80::1:443") == nil)
        #expect(SocketAddress(four).v4 == four && SocketAddress(four).v6 == nil)
        #expect(SocketAddress(six).v6 == six && SocketAddress(six).v4 == nil)
        #expect(SocketAddress(four).isIPv4 && SocketAddress(six).isIPv6)
        #expect(four < SocketAddressV4(four.address, port: 444))
    }

    @Test("flow information belongs to an IPv6 address and to no other")
    func flowInfo() {
        let six = SocketAddressV6(.loopback, port: 1, flowInfo: 0xABCDE)
        #expect(SocketAddress(six).flowInfo == 0xABCDE && SocketAddress(six).v6 == six)
        #expect(SocketAddress(six) != SocketAddress(IPv6Address.loopback, port: 1))
        #expect(SocketAddress(six).with(port: 2).flowInfo == 0xABCDE)
        #expect(SocketAddress(.v4(.loopback), port: 1, flowInfo: 7).flowInfo == 0)
        #expect(SocketAddressV6(.loopback, port: 1) < six)
    }

    @Test("Unix addresses are a path, an abstract name or nothing")
    func unix() throws {
        let path = try UnixAddress(path: "/run/app.sock")
        #expect(path.path == "/run/app.sock" && path.description == "/run/app.sock")
        let abstract = try UnixAddress(parsing: "\0my-service")
        #expect(abstract.kind == .abstract(Array("my-service".utf8)) && abstract.path == nil)
        #expect(abstract.description == "@my-service")
        #expect(try UnixAddress(parsing: "@my-service") == abstract)
        #expect(try UnixAddress(abstract: "my-service") == abstract)
        #expect(try UnixAddress(path: "@file").description == "./@file")
        #expect(UnixAddress.unnamed.description == "unnamed" && UnixAddress.unnamed.path == nil)
        // Any byte may stand in an abstract name, and a path need not be UTF-8.
        #expect(try UnixAddress(abstract: [0, 0xFF]).kind == .abstract([0, 0xFF]))
        #expect(try UnixAddress(path: [0x2F, 0xFF]).path == nil)
    }

    @Test("what does not fit into sun_path is refused, not cut")
    func unixLimits() throws {
        let longest = String(repeating: "p", count: UnixAddress.maximumLength)
        #expect(try UnixAddress(path: longest).path == longest)
        #expect(UnixAddress("@" + longest) != nil)
        for text in ["", "@", "\0", longest + "p", "@p" + longest] {
            #expect(UnixAddress(text) == nil)
        }
        #expect(throws: AddressError(.embeddedNUL, at: 2)) { try UnixAddress(path: "/a\0b") }
    }

    @Test("an endpoint's text says its family")
    func endpoints() throws {
        for text in ["127.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "unix:@name"] {
            #expect(try EndpointAddress(parsing: text).description == text)
        }
        #expect(EndpointAddress("unix:@name")?.unixAddress == UnixAddress("@name"))
        #expect(EndpointAddress("127.0.0.1:80")?.socketAddress == SocketAddress("127.0.0.1:80"))
        #expect(EndpointAddress("unix:\u{301}/a")?.unixAddress?.path == "\u{301}/a")
        #expect(EndpointAddress("unix:")?.unixAddress == nil && EndpointAddress("/run/a") == nil)
    }
}
