import SeliumABI
import SeliumTesting
import Testing

@Suite("Capabilities", .inTurn())
struct CapabilityTests {
    /// As published: names and numbers are in stored grants and in other people's scripts.
    static let published = [
        "SessionLifecycle", "ChannelLifecycle", "ChannelReader", "ChannelWriter",
        "ProcessLifecycle",
        "NetQuicBind", "NetQuicAccept", "NetQuicConnect", "NetQuicRead", "NetQuicWrite",
        "NetHttpBind",
        "NetHttpAccept", "NetHttpConnect", "NetHttpRead", "NetHttpWrite", "NetTlsServerConfig",
        "NetTlsClientConfig", "SingletonRegistry", "SingletonLookup", "TimeRead", "NetTcpBind",
        "NetTcpAccept", "NetTcpConnect", "NetTcpRead", "NetTcpWrite", "NetUdpBind", "NetUdpConnect",
        "NetUdpRead", "NetUdpWrite", "NetUnixBind", "NetUnixAccept", "NetUnixConnect",
        "NetUnixRead",
        "NetUnixWrite", "NetWebSocketBind", "NetWebSocketAccept", "NetWebSocketConnect",
        "NetWebSocketRead", "NetWebSocketWrite", "NetDnsResolve", "FsRead", "FsWrite", "EnvRead",
    ]

    @Test("names and numbers are the published ones")
    func numbers() {
        #expect(Capability.allCases.map(\.name) == Self.published)
        #expect(Capability.allCases.map { Int($0.rawValue) } == Array(0..<43))
        for capability in Capability.allCases {
            #expect(Capability(name: capability.name) == capability)
        }
        #expect(Capability(name: "timeread") == nil)
        #expect(Capability(name: "") == nil)
    }

    @Test("a set holds exactly what was put in")
    func sets() {
        for capability in Capability.allCases {
            var set = CapabilitySet([capability])
            #expect(Capability.allCases.filter { set.contains($0) } == [capability])
            set.insert(.timeRead)
            #expect(set.contains(capability) && set.contains(.timeRead))
        }
        #expect(CapabilitySet(Capability.allCases).bits == (1 << 43) - 1)
        #expect(CapabilitySet().bits == 0)
    }

    @Test("lists expand sets and prefixes, keep scopes, and hold each once")
    func lists() throws {
        var list = CapabilityList()
        try list.add(list: "wasi,NetHttp*,TimeRead")
        try list.add(grant: "NetHttpConnect=https://a,b:443")
        #expect(
            list.entries.map(\.text) == [
                "TimeRead", "NetHttpBind", "NetHttpAccept", "NetHttpConnect", "NetHttpRead",
                "NetHttpWrite",
                "NetHttpConnect=https://a,b:443",
            ])
        #expect(list.expandedSets == ["wasi", "NetHttp*"])
    }

    @Test(
        "what is no capability is quoted, with the nearest",
        arguments: [
            ("TimeReed", "'TimeRead'"), ("wassi", "'wasi'"), ("Foo*", "'Foo'"),
            ("TimeRead,,FsRead", "empty"), ("TimeRead=", "an empty scope in 'TimeRead='"),
            ("TimeRead,NetHttpConnect=", "an empty scope in 'NetHttpConnect='"),
        ])
    func mistakes(text: String, shown: String) {
        var list = CapabilityList()
        let error = #expect(throws: CapabilityList.Problem.self) { try list.add(list: text) }
        #expect(error?.description.contains(shown) == true)
    }

    @Test(
        "one grant is no list: a set or a prefix is told where it belongs",
        arguments: ["wasi", "NetHttp*"])
    func setAsGrant(_ text: String) {
        var list = CapabilityList()
        let error = #expect(throws: CapabilityList.Problem.self) { try list.add(grant: text) }
        #expect(
            error?.description
                == "unknown capability '\(text)'; more than one at once is a list: --capabilities '\(text)'"
        )
    }
}
