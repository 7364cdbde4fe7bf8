import Configuration
import SeliumKernel
import SeliumRuntime

/// What the runtime was told: flags over environment over defaults, each judged once.
struct RuntimeSettings {
    /// As docs/configuration.md lists them: the flag's name; lists are separated by newlines.
    static let names = [
        "work-dir", "listen", "cert-dir", "log-format", "module", "log-storage", "log-keep",
        "log-age",
    ]

    let workDirectory: String
    let isDefaultDirectory: Bool
    let certificateDirectory: String?
    let logFormat: DiagnosticSink.Format
    /// Where what programs write is kept.
    let logStorage: Runtime.LogStorage
    /// Where to listen, and whether SELIUM_DOMAIN or SELIUM_PORT decided that.
    let listeners: [ListenerRequest]
    /// Programs to start, the control server's own spec not among them.
    let modules: [ModuleSpec]
    /// A spec named the control server, which is built in.
    let namesControlServer: Bool
    let allowsAnonymous: Bool
    /// The runtime of one `selium run`.
    let isPrivate: Bool

    init(_ command: RuntimeCommand, environment: [String: String]) throws(Failure) {
        let reader = SettingReader(command, environment: environment)
        if let later = ["SELIUM_POLICY", "SELIUM_REVOKED"].first(where: {
            !(environment[$0] ?? "").isEmpty
        }) {
            throw .configuration(
                "\(later) is set, and this version knows nothing of it", "unset it")
        }
        let directory = try reader.text("work-dir")
        workDirectory = directory ?? "."
        isDefaultDirectory = directory == nil
        certificateDirectory = try reader.text("cert-dir")
        switch try reader.text("log-format") ?? "text" {
        case "text": logFormat = .text
        case "json": logFormat = .json
        case let other:
            throw Failure(
                command.logFormat == nil ? RuntimeProgram.badConfiguration : RuntimeProgram.usage,
                "--log-format '\(other)' is neither text nor json")
        }
        let given: [String: String?] = [
            "log-storage": command.logStorage, "log-keep": command.logKeep,
            "log-age": command.logAge,
        ]
        logStorage = try LogSettings.storage(
            try reader.text("log-storage"), keep: try reader.text("log-keep"),
            age: try reader.text("log-age")
        ) { name in
            (given[name] ?? nil) == nil ? RuntimeProgram.badConfiguration : RuntimeProgram.usage
        }
        allowsAnonymous = command.insecureNoClientAuth
        isPrivate = command.isPrivate
        let specs = try Self.specs(try reader.list("module"))
        let server = specs.filter(\.isControlServer)
        guard server.count <= 1 else {
            throw .configuration("the control server is named by two module specs")
        }
        modules = specs.filter { !$0.isControlServer }
        namesControlServer = !server.isEmpty
        listeners = try Self.listeners(try reader.list("listen"), server.first, reader)
    }

    private static func specs(_ texts: [String]) throws(Failure) -> [ModuleSpec] {
        var specs: [ModuleSpec] = []
        for text in texts {
            do {
                specs.append(try ModuleSpec(text))
            } catch {
                throw .configuration(error.message, error.remedy)
            }
        }
        return specs
    }

    /// `--listen` and the control server's own spec both count; without either the default does.
    private static func listeners(
        _ texts: [String], _ server: ModuleSpec?, _ reader: SettingReader
    ) throws(Failure) -> [ListenerRequest] {
        var requests: [ListenerRequest] = []
        if let server {
            do {
                let (host, port) = try server.controlListener()
                requests.append(ListenerRequest(host: host, port: port, isDefault: false))
            } catch {
                throw .configuration(error.message, error.remedy)
            }
        }
        for text in texts {
            guard let request = ListenerRequest(text) else {
                let isFlag = reader.isGiven("listen")
                throw Failure(
                    isFlag ? RuntimeProgram.usage : RuntimeProgram.badConfiguration,
                    "\(isFlag ? "--listen" : "SELIUM_LISTEN") '\(text)' is not HOST:PORT",
                    "such as 127.0.0.1:7000; an IPv6 address stands in brackets: [::]:7000")
            }
            requests.append(request)
        }
        guard requests.isEmpty else { return requests }
        let text = try reader.variable("SELIUM_PORT") ?? "7000"
        guard let port = UInt16(text) else {
            throw .configuration("SELIUM_PORT='\(text)' is not a port (0–65535)")
        }
        return [
            ListenerRequest(
                host: try reader.variable("SELIUM_DOMAIN") ?? "localhost", port: port,
                isDefault: true)
        ]
    }
}

/// One place to listen at, as it was asked for.
struct ListenerRequest: Hashable {
    let host: String
    let port: UInt16
    /// SELIUM_DOMAIN and SELIUM_PORT, or nobody, asked for it.
    let isDefault: Bool

    init(host: String, port: UInt16, isDefault: Bool) {
        self.host = host
        self.port = port
        self.isDefault = isDefault
    }

    /// Reads HOST:PORT, an IPv6 address in brackets.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port, isDefault: false)
    }

    /// HOST:PORT for messages.
    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Looks settings up, strongest first.
private struct SettingReader {
    private let flags: InMemoryProvider
    private let environment: EnvironmentVariablesProvider
    private let lists: [String: [String]]

    init(_ command: RuntimeCommand, environment variables: [String: String]) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (name, value) in [
            ("work-dir", command.workDir), ("cert-dir", command.certDir),
            ("log-format", command.logFormat), ("log-storage", command.logStorage),
            ("log-keep", command.logKeep), ("log-age", command.logAge),
        ] {
            guard let value else { continue }
            values[AbsoluteConfigKey(["selium", name])] = ConfigValue(
                .string(value), isSecret: false)
        }
        flags = InMemoryProvider(name: "flags", values: values)
        environment = EnvironmentVariablesProvider(
            environmentVariables: variables.filter {
                $0.key.hasPrefix("SELIUM_") && !$0.value.isEmpty
            })
        lists = ["listen": command.listen, "module": command.module]
    }

    func text(_ name: String) throws(Failure) -> String? {
        let key = AbsoluteConfigKey(["selium", name])
        if let given = try look(flags, key) { return given }
        return try look(environment, key)
    }

    /// Whether a list was given by flags.
    func isGiven(_ name: String) -> Bool { lists[name]?.isEmpty == false }

    /// A list of flags, else of lines.
    func list(_ name: String) throws(Failure) -> [String] {
        if let given = lists[name], !given.isEmpty { return given }
        let text = try look(environment, AbsoluteConfigKey(["selium", name])) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    func variable(_ name: String) throws(Failure) -> String? {
        try look(environment, AbsoluteConfigKey([name]))
    }

    private func look(_ provider: some ConfigProvider, _ key: AbsoluteConfigKey) throws(Failure)
        -> String?
    {
        guard let found = try? provider.value(forKey: key, type: .string) else {
            throw .configuration("cannot read the setting \(key.components.joined(separator: "."))")
        }
        guard case .string(let text) = found.value?.content else { return nil }
        return text
    }
}
