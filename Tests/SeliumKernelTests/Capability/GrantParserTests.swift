import SeliumABI
import SeliumKernel
import SeliumTesting
import Testing

@Suite("Grants as they arrive", .inTurn())
struct GrantParserTests {
    @Test("every bare name that means nothing of the machine is taken")
    func bare() throws {
        for capability in Capability.allCases {
            if GrantParser.exampleOfMandatoryScope(capability) == nil {
                #expect(
                    try GrantParser.parse(name: capability.name, scope: "")
                        == Grant(capability: capability))
            } else {
                let error = #expect(throws: KernelError.self) {
                    try GrantParser.parse(name: capability.name, scope: "")
                }
                #expect(error?.remedy.contains("\(capability.name)=") == true)
            }
        }
    }

    @Test("every scope is refused, never left out", arguments: Capability.allCases)
    func scopes(capability: Capability) {
        for scope in ["x", "*", " ", "127.0.0.1:80", "/srv/data", "="] {
            let error = #expect(throws: KernelError.self) {
                try GrantParser.parse(name: capability.name, scope: scope)
            }
            #expect(error?.message.contains("scopes of \(capability.name) come") == true)
        }
    }

    @Test(
        "unknown names name the nearest",
        arguments: [
            ("timeread", "TimeRead"), ("NetHttpConect", "NetHttpConnect"), ("wasi", nil),
            ("NetHttp*", nil), ("", nil),
        ] as [(String, String?)])
    func unknown(name: String, nearest: String?) {
        let error = #expect(throws: KernelError.self) {
            try GrantParser.parse(name: name, scope: "")
        }
        #expect(error?.code == .invalid)
        if let nearest { #expect(error?.remedy == "did you mean \(nearest)?") }
    }

    @Test("a name with control characters is shown without them")
    func control() {
        let error = #expect(throws: KernelError.self) {
            try GrantParser.parse(name: "a\u{1b}[2Jb\n", scope: "")
        }
        #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }

    @Test("a list is sorted by number, each once, and bounded")
    func list() throws {
        let names = ["TimeRead", "ChannelReader", "TimeRead"].map { (name: $0, scope: "") }
        #expect(try GrantParser.parse(names).map(\.capability) == [.channelReader, .timeRead])
        let many = Array(repeating: (name: "TimeRead", scope: ""), count: Limits.grants + 1)
        #expect(throws: KernelError.self) { try GrantParser.parse(many) }
    }
}
