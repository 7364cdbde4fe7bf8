internal import ArgumentParser
internal import SeliumClient

/// `selium caps`
struct Capabilities: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caps",
        abstract: "What programs can be allowed to do.",
        discussion: """
            EXAMPLES
              selium caps ls
              selium caps ls --output json
            """,
        subcommands: [ListCapabilities.self])
}

/// `selium caps ls`
struct ListCapabilities: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List every capability and the sets of them.",
        discussion: """
            In lists a trailing * means every name with that beginning: NetHttp*.

            EXAMPLES
              selium caps ls
              selium caps ls --output name
            """)

    @OptionGroup(title: "Global options") var global: GlobalFlags

    var usesContext: Bool { false }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        var table = Table(["NAME", "NUMBER", "ALLOWS"], rightAligned: [1])
        var members: [JSONValue] = []
        for capability in Capability.allCases {
            let meaning = CapabilityText.meaning(capability)
            table.append([capability.name, String(capability.rawValue), meaning])
            members.append(
                .object([
                    .init("name", .string(capability.name)),
                    .init("number", .unsigned(UInt64(capability.rawValue))),
                    .init("allows", .string(meaning)),
                ]))
        }
        let sets = CapabilityList.sets.map { set in
            JSONValue.object([
                .init("name", .string(set.name)),
                .init("capabilities", .array(set.capabilities.map { .string($0.name) })),
            ])
        }
        var text = table.text
        for set in CapabilityList.sets {
            text += "\n\(set.name) = \(set.capabilities.map(\.name).joined(separator: ", "))\n"
        }
        try await context.write(
            schema: "selium.capabilities/1", table: text,
            name: Capability.allCases.map { $0.name + "\n" }.joined(),
            [.init("capabilities", .array(members)), .init("sets", .array(sets))])
        return .ok
    }
}

/// What each capability is for, in a few words.
enum CapabilityText {
    static func meaning(_ capability: Capability) -> String {
        switch capability {
        case .sessionLifecycle: "open and close sessions"
        case .channelLifecycle: "make and remove channels"
        case .channelReader: "read from channels"
        case .channelWriter: "write to channels"
        case .processLifecycle: "start and stop child processes"
        case .netTlsServerConfig: "register TLS configurations for servers"
        case .netTlsClientConfig: "register TLS configurations for clients"
        case .singletonRegistry: "register singletons"
        case .singletonLookup: "look singletons up"
        case .timeRead: "read clocks and sleep"
        case .netDnsResolve: "resolve names"
        case .fsRead: "read files below a directory of the server"
        case .fsWrite: "write files below a directory of the server"
        case .envRead: "read one variable of the runtime's environment"
        default: networkMeaning(capability.name)
        }
    }

    /// Net, protocol, verb: the names say it.
    private static func networkMeaning(_ name: String) -> String {
        let protocols = [
            ("NetQuic", "QUIC"), ("NetHttp", "HTTP and HTTPS"), ("NetTcp", "TCP"),
            ("NetUdp", "UDP"),
            ("NetUnix", "Unix sockets"), ("NetWebSocket", "WebSocket"),
        ]
        let verbs = [
            "Bind": "listen with", "Accept": "accept connections of", "Connect": "connect with",
            "Read": "read from connections of", "Write": "write to connections of",
        ]
        for (prefix, label) in protocols where name.hasPrefix(prefix) {
            if let verb = verbs[String(name.dropFirst(prefix.count))] { return "\(verb) \(label)" }
        }
        return name
    }
}
