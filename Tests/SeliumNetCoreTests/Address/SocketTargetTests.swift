import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Socket targets", .inTurn())
struct SocketTargetTests {
    private func target(_ where: some SocketTargetConvertible) throws(AddressError) -> SocketTarget
    {
        try `where`.socketTarget()
    }

    @Test("all five shapes say where, and a literal never becomes a name")
    func shapes() throws {
        let four = SocketAddress(IPv4Address.loopback, port: 80)
        let six = SocketAddress(IPv6Address.loopback, port: 8080)
        #expect(try target(four) == .address(four))
        #expect(try target(SocketAddressV4(.loopback, port: 80)) == .address(four))
        #expect(try target(SocketAddressV6(.loopback, port: 8080)) == .address(six))
        #expect(try target(.host("::1", port: 8080)) == .address(six))
        #expect(try target(.host("[::1]", port: 8080)) == .address(six))
        #expect(try target(.host("127.0.0.1", port: 80)) == .address(four))
        #expect(try target(.address(IPv4Address.loopback, port: 80)) == .address(four))
        #expect(try target(.address(IPv6Address.loopback, port: 8080)) == .address(six))
        #expect(try target(.address(IPAddress(127, 0, 0, 1), port: 80)) == .address(four))
        #expect(try target("127.0.0.1:80") == .address(four))
        #expect(try target("[::1]:8080".dropFirst(0)) == .address(six))
        let name = try HostName(parsing: "example.com")
        #expect(try target("Example.COM:443") == .host(name, port: 443))
        #expect(try target(.host("example.com", port: 443)) == .host(name, port: 443))
        #expect(try target(.host("example.com", port: 443)).description == "example.com:443")
    }

    @Test(
        "texts that could mean several things mean nothing",
        arguments: [
            "", ":80", "host", "host:", "host:http", "host:080", "host:65536", "::1:80", "1:2:3",
            "[::1]", "[::1]:", "[127.0.0.1]:80", "[host]:80", "127.1:80", "0x7f.1:80",
            "2130706433:80",
            "0x:1", "a.0x1f:80", "host:80:80", "ho st:80", "hé:80", "user@host:80", "-a:80",
            "a-:80",
            "a..b:80", ".a:80", "*.a:80", "a/b:80",
        ])
    func refused(text: String) {
        #expect(throws: AddressError.self) { try SocketTarget(parsing: text) }
    }

    @Test("a wrong port says where in the text it stands")
    func portOffset() {
        #expect(throws: AddressError(.badPort, at: 8)) {
            try SocketTarget(parsing: "example:65536")
        }
        #expect(throws: AddressError(.badPort, at: 10)) {
            try SocketAddress(parsing: "127.0.0.1:80x")
        }
    }

    @Test("host names keep their trailing dot apart, and their limits are DNS's")
    func hostNames() throws {
        let absolute = try HostName(parsing: "A.Example.")
        #expect(absolute.text == "a.example" && absolute.isAbsolute && absolute.dots == 1)
        #expect(absolute.description == "a.example." && HostName("a.example") != absolute)
        let label = String(repeating: "a", count: 63)
        #expect(HostName(label) != nil && HostName(label + "a") == nil)
        let longest = [label, label, label, String(repeating: "b", count: 61)].joined(
            separator: ".")
        #expect(longest.utf8.count == 253)
        #expect(HostName(longest) != nil && HostName(longest + ".") != nil)
        #expect(HostName(longest + "b") == nil)
        for text in ["_dmarc.example", "xn--bcher-kva.example", "1.example", "a.1b", "3com"] {
            #expect(HostName.isValidDomain(text), "\(text)")
        }
        for text in ["", ".", "a.1", "1.2.3.4", "a_b.-c", "bücher.example", "a b", "a\u{0}b"] {
            #expect(!HostName.isValidDomain(text), "\(text)")
        }
        #expect(IPAddress.isAddress("::1") && IPAddress.isAddress("127.0.0.1"))
        #expect(!IPAddress.isAddress("localhost") && !IPAddress.isAddress("127.0.0.1:80"))
    }
}
