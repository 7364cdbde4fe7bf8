import Foundation
import SeliumNet
import SeliumTesting
import Testing

@Suite("A resolver, its authority and its files", .inTurn())
struct ResolverAuthorityTests {
    private static let global = IPv4Address(9, 9, 9, 9)
    private static let inside = IPv4Address(10, 1, 2, 3)

    @Test("a name that is not granted is refused before anything is sent, each by its own denial")
    func names() async throws {
        try await Responder.run { query, reply in
            try await reply(query.answer(.a(Self.global)).encoded())
        } _: { (responder: Responder) async throws -> Void in
            let everything = responder.resolver { $0.searchDomains = [DNSName("corp.test")!] }
            let resolver = everything.bound(
                to: NetworkAuthority(granting: [
                    NetworkGrant([.resolve], to: .name("good.test")),
                    NetworkGrant([.resolve], to: .name("short")),
                ]))
            #expect(try await resolver.lookupHost("GOOD.test") == [.v4(Self.global)])
            #expect(try await resolver.lookupA("Good.Test.") == [Self.global])
            let asked = responder.queries.count
            func check(_ body: () async throws(DNSError) -> Void) async {
                let error = await dnsFailure(body)
                #expect(error.code == .refused)
                #expect(error.denial?.operation == .resolve)
            }
            await check { () throws(DNSError) in _ = try await resolver.lookupHost("bad.test") }
            await check { () throws(DNSError) in _ = try await resolver.lookupTXT("bad.test") }
            await check { () throws(DNSError) in
                _ = try await resolver.lookupSRV("imap", "tcp", "good.test")
            }
            await check { () throws(DNSError) in _ = try await resolver.lookupHTTPS("bad.test") }
            await check { () throws(DNSError) in
                _ = try await resolver.lookupAddress(.v4(Self.global))
            }
            await check { () throws(DNSError) in _ = try await resolver.lookupPTR(.v4(.loopback)) }
            #expect(responder.queries.count == asked)
            // One that is granted is asked for as it is, not below a domain of the search list.
            _ = try await resolver.lookupHost("short")
            #expect(responder.queries.last?.name == "short")
            let network = Network(authority: resolver.authority, resolver: everything)
            #expect(try await network.resolve("short:1").map(\.port) == [1])
            #expect(responder.queries.allSatisfy { $0.name != "short.corp.test" })
            // What it may not ask for it does not find in the cache of others either.
            _ = try await everything.lookupHost("bad.test")
            let error = await dnsFailure { () throws(DNSError) in
                _ = try await resolver.lookupHost("bad.test")
            }
            #expect(error.code == .refused)
        }
    }

    @Test("a granted name leads to global addresses, and to others only where they are granted too")
    func addresses() async throws {
        try await Responder.run { query, reply in
            guard query.type == .a else { return try await reply(query.response().encoded()) }
            switch query.name {
            case "mixed.test":
                try await reply(query.answer(.a(Self.inside), .a(Self.global)).encoded())
            default: try await reply(query.answer(.a(Self.inside)).encoded())
            }
        } _: { (responder: Responder) async throws -> Void in
            let names = ["mixed.test", "inside.test"].map {
                NetworkGrant([.resolve], to: .name($0))
            }
            let everything = responder.resolver()
            let outside = everything.bound(to: NetworkAuthority(granting: names))
            #expect(try await outside.lookupHost("mixed.test") == [.v4(Self.global)])
            #expect(try await outside.lookupA("mixed.test") == [Self.global])
            func check(_ body: () async throws(DNSError) -> Void) async {
                let error = await dnsFailure(body)
                #expect(error.code == .refused)
                #expect(
                    error.denial?.target == .socket(.udp, SocketAddress(Self.inside, port: 0)))
            }
            await check { () throws(DNSError) in _ = try await outside.lookupHost("inside.test") }
            await check { () throws(DNSError) in _ = try await outside.lookupA("inside.test") }
            await check { () throws(DNSError) in _ = try await outside.query("inside.test", .a) }
            let range = NetworkGrant([.resolve], to: .range(AddressRange("10.1.0.0/16")!))
            let both = everything.bound(to: NetworkAuthority(granting: names + [range]))
            #expect(try await both.lookupHost("inside.test") == [.v4(Self.inside)])
            #expect(try await both.lookupHost("mixed.test").count == 2)
            // A network asks for the name, and shows of its addresses what it may show.
            let network = Network(
                authority: NetworkAuthority(granting: names), resolver: everything)
            #expect(
                try await network.resolve("mixed.test:1")
                    == [SocketAddress(Self.global, port: 1)])
            var error = await failure { () throws(NetError) in
                _ = try await network.resolve("inside.test:1")
            }
            #expect(error.code == .denied)
            // And connects to none of them without a grant for it.
            error = await failure { () throws(NetError) in
                _ = try await network.connect(to: "mixed.test:1")
            }
            #expect(error.denial?.operation == .connect)
        }
    }

    @Test("files that change are read again, and lookups under way end as they began")
    func files() async throws {
        try await withDirectory { directory in
            let (configuration, hosts) = (directory + "/resolv.conf", directory + "/hosts")
            let files = ResolverFiles(
                configuration: configuration, hosts: hosts, checkInterval: .zero)
            let resolver = Resolver(files: files)
            // Neither is there yet.
            #expect(try await resolver.lookupHostV4("localhost") == [.loopback])
            try Data("192.0.2.1 known\n".utf8).write(to: URL(fileURLWithPath: hosts))
            #expect(try await resolver.lookupHost("known") == [IPAddress(192, 0, 2, 1)])
            try Data("192.0.2.22 known\n".utf8).write(to: URL(fileURLWithPath: hosts))
            #expect(try await resolver.lookupHost("known") == [IPAddress(192, 0, 2, 22)])
            try Data("nameserver 192.0.2.53\nsearch a.test b.test\noptions ndots:2\n".utf8)
                .write(to: URL(fileURLWithPath: configuration))
            let read = files.configuration
            #expect(read.servers == [.init(IPAddress(192, 0, 2, 53))])
            #expect(read.searchDomains.count == 2 && read.dots == 2)
            #expect(try await resolver.lookupHost("known") == [IPAddress(192, 0, 2, 22)])
        }
        // Those of this machine can be read, whatever they say.
        #expect(try await Resolver.system.lookupHost("127.0.0.1") == [.v4(.loopback)])
        #expect(try await Resolver.system.lookupHostV4("localhost") == [.loopback])
    }
}
