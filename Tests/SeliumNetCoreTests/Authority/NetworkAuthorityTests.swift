import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Network authority", .inTurn())
struct NetworkAuthorityTests {
    private func quic(_ text: String) throws -> NetworkTarget {
        .socket(.quic, try SocketAddress(parsing: text))
    }

    @Test(
        "deny-all denies every operation and says that nothing is granted",
        arguments: NetworkOperation.allCases)
    func denyAll(operation: NetworkOperation) throws {
        let target = try quic("127.0.0.1:7000")
        let denial = NetworkDenial(operation, target, nearest: nil, difference: .nothingGranted)
        #expect(NetworkAuthority.denyAll.check(operation, target) == .denied(denial))
        #expect(NetworkAuthority.unrestricted.check(operation, target) == .allowed)
    }

    @Test("a grant covers its operations, transport, range and ports, and only those")
    func exactCover() throws {
        let loopback = NetworkGrant(
            [.bind, .listen], over: .quic, to: .range(AddressRange(.v4(.loopback))),
            ports: 7000...7001)
        let authority = NetworkAuthority(granting: [loopback])
        #expect(authority.check(.bind, try quic("127.0.0.1:7000")) == .allowed)
        #expect(authority.check(.listen, try quic("127.0.0.1:7001")) == .allowed)

        func difference(_ operation: NetworkOperation, _ target: NetworkTarget) -> NetworkDenial
            .Difference?
        {
            guard case .denied(let denial) = authority.check(operation, target) else { return nil }
            #expect(denial.nearest == loopback)
            return denial.difference
        }
        #expect(difference(.connect, try quic("127.0.0.1:7000")) == .operation)
        #expect(difference(.bind, try quic("127.0.0.1:7002")) == .port)
        #expect(difference(.bind, try quic("127.0.0.2:7000")) == .place)
        #expect(
            difference(.bind, .socket(.udp, try SocketAddress(parsing: "127.0.0.1:7000")))
                == .transport)
        #expect(difference(.bind, .path("/run/x")) == .kind)
    }

    @Test("the nearest of several grants is named, whatever their order")
    func nearest() throws {
        let far = NetworkGrant([.connect], to: .global)
        let near = NetworkGrant(
            [.bind], over: .quic, to: .range(AddressRange(.v4(.loopback))), ports: 80...80)
        for grants in [[far, near], [near, far]] {
            let authority = NetworkAuthority(granting: grants)
            #expect(
                throws: NetworkDenial(
                    .bind, try quic("127.0.0.1:81"), nearest: near, difference: .port)
            ) {
                try authority.require(.bind, try quic("127.0.0.1:81"))
            }
        }
    }

    @Test(
        "a grant for global addresses reaches no private one, however it is written",
        arguments: [
            "127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "[::127.0.0.1]:80",
            "[64:ff9b::169.254.169.254]:80", "[2002:a00:1::]:80", "0.0.0.0:80", "[::]:80",
            "[fe80::1%2]:80", "[fd00::1]:80", "100.64.0.1:80", "192.0.2.1:80", "224.0.0.1:80",
            "[2001:0:7f00:1:0:0:f7f7:f7f7]:80",
        ])
    func globalReach(text: String) throws {
        let authority = NetworkAuthority(granting: [NetworkGrant([.connect], to: .global)])
        guard case .denied(let denial) = authority.check(.connect, try quic(text)) else {
            Issue.record("\(text) was allowed")
            return
        }
        #expect(denial.difference == .addressClass)
        #expect(authority.check(.connect, try quic("8.8.8.8:80")) == .allowed)
        #expect(authority.check(.connect, try quic("[2606:4700::1]:80")) == .allowed)
    }

    @Test("a range is compared with what the address leads to")
    func rangesAreCanonical() throws {
        let allSix = NetworkAuthority(granting: [
            NetworkGrant([.connect], to: .range(try AddressRange(parsing: "::/0")))
        ])
        #expect(allSix.check(.connect, try quic("[fd00::1]:1")) == .allowed)
        #expect(allSix.check(.connect, try quic("[::ffff:127.0.0.1]:1")) != .allowed)
        #expect(allSix.check(.connect, try quic("[64:ff9b::7f00:1]:1")) != .allowed)

        let ten = NetworkAuthority(granting: [
            NetworkGrant([.connect], to: .range(try AddressRange(parsing: "10.0.0.0/8")))
        ])
        #expect(ten.check(.connect, try quic("[::ffff:10.1.1.1]:1")) == .allowed)
        // Teredo: client 10.1.1.1 through server 8.8.8.8, which the grant does not name.
        #expect(ten.check(.connect, try quic("[2001:0:808:808:0:0:f5fe:fefe]:1")) != .allowed)
    }

    @Test("names and paths are granted one by one")
    func namesAndPaths() {
        let authority = NetworkAuthority(granting: [
            NetworkGrant([.resolve], to: .name("example.com")),
            NetworkGrant([.connect], over: .unix, to: .path("/run/a.sock")),
        ])
        #expect(authority.check(.resolve, .name("example.com")) == .allowed)
        #expect(authority.check(.resolve, .name("www.example.com")) != .allowed)
        #expect(authority.check(.connect, .path("/run/a.sock")) == .allowed)
        #expect(authority.check(.connect, .path("/run/b.sock")) != .allowed)
    }

    @Test("a denial says what was wanted, what is granted and what differs")
    func text() throws {
        let authority = NetworkAuthority(granting: [
            NetworkGrant([.listen, .bind], over: .quic, to: .global, ports: 443...443)
        ])
        guard case .denied(let denial) = authority.check(.bind, try quic("127.0.0.1:443")) else {
            Issue.record("allowed")
            return
        }
        #expect(
            denial.description
                == "bind to quic 127.0.0.1:443 is not granted; nearest grant: bind,listen to any "
                + "global address port 443 over quic (address is not global)")
    }
}
