internal import Configuration
internal import SeliumCertificates

/// The global settings of one command: flags over environment over context over defaults, each judged
/// once.
struct Settings: Sendable {
    /// How results are written.
    enum Output: String, Hashable, Sendable, CaseIterable {
        case table, json, jsonl, name
    }

    /// How diagnostics are written.
    enum LogFormat: String, Hashable, Sendable, CaseIterable {
        case text, json
    }

    private enum Colour: String, CaseIterable {
        case auto, always, never
    }

    let domain: String
    let port: UInt16
    let certificateDirectory: String?
    let serverName: String?
    let timeout: Duration
    /// Whether somebody gave the timeout, so that it bounds streams too.
    let isTimeoutGiven: Bool
    let output: Output
    let logFormat: LogFormat
    let isQuiet: Bool
    let isVerbose: Bool
    /// Which context says what no flag and no variable does.
    let context: ContextChoice
    /// The value and the origin of every setting, in the order of ``Setting/all``.
    let origins: [(setting: Setting, value: String?, origin: SettingOrigin)]
    private let colour: Colour
    private let isColourUnwanted: Bool

    /// Whether `--output` was given as a flag, by variable, or not at all.
    var outputOrigin: SettingOrigin { origin("output") }

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - flags: what was given on the command line, by the setting's name.
    ///   - environment: the variables; those that are empty count as not set.
    ///   - usesContext: whether a context may say where to.
    init(
        flags: [String: String], environment: [String: String], usesContext: Bool = true
    ) throws(CommandError) {
        var context = ContextChoice.none
        if usesContext {
            context = try ContextChoice(
                flag: flags["context"], variable: environment["SELIUM_CONTEXT"],
                ContextStore(environment))
        }
        self.context = context
        let reader = SettingReader(
            flags: flags, environment: environment, context: context.context?.values ?? [:])
        origins = try Setting.all.map { setting throws(CommandError) in
            guard setting.name != "context" else {
                return (setting, context.context?.name, context.origin)
            }
            let (value, origin) = try reader.read(setting)
            return (setting, value, origin)
        }
        let values = Values(origins: origins)
        domain = try values.read("domain", "a host name or an address") { $0.isEmpty ? nil : $0 }
        port = try values.read("port", "a port (1–65535)") {
            UInt16($0).flatMap { $0 == 0 ? nil : $0 }
        }
        certificateDirectory = values.text("cert-dir")
        serverName =
            try values.text("server-name") == nil
            ? nil
            : values.read("server-name", "a host name or an address") {
                CertificateDirectory.isHost($0) && !$0.hasSuffix(".") ? $0 : nil
            }
        timeout = try values.read("timeout", "a duration such as 10s, at most 1h") { text in
            Quantity.duration(text).flatMap { $0 > .seconds(3600) ? nil : $0 }
        }
        output = try values.read("output", "one of table, json, jsonl, name") {
            Output(rawValue: $0)
        }
        logFormat = try values.read("log-format", "text or json") { LogFormat(rawValue: $0) }
        isQuiet = try values.read("quiet", "true or false", Settings.switchValue)
        isVerbose = try values.read("verbose", "true or false", Settings.switchValue)
        colour = try values.read("color", "auto, always or never") { Colour(rawValue: $0) }
        isColourUnwanted = !(environment["NO_COLOR"] ?? "").isEmpty
        isTimeoutGiven = origins.contains { $0.setting.name == "timeout" && $0.origin != .standard }
    }

    private func origin(_ name: String) -> SettingOrigin {
        origins.first { $0.setting.name == name }?.origin ?? .standard
    }

    /// Whether to colour what goes to something that is, or is not, a terminal. NO_COLOR always wins.
    func isColoured(onTerminal isTerminal: Bool) -> Bool {
        guard !isColourUnwanted else { return false }
        switch colour {
        case .auto: return isTerminal
        case .always: return true
        case .never: return false
        }
    }

    private static func switchValue(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes": true
        case "false", "0", "no": false
        default: nil
        }
    }
}

/// Looks one setting up in the providers, strongest first.
private struct SettingReader {
    private let providers: [(origin: SettingOrigin, provider: any ConfigProvider)]

    init(flags: [String: String], environment: [String: String], context: [String: String]) {
        func key(_ name: String) -> AbsoluteConfigKey { AbsoluteConfigKey(["selium", name]) }
        func all(_ values: [String: String]) -> [AbsoluteConfigKey: ConfigValue] {
            let pairs = values.map {
                (key($0.key), ConfigValue(.string($0.value), isSecret: false))
            }
            return Dictionary(pairs) { first, _ in first }
        }
        let standard = Setting.all.compactMap { setting in
            setting.standard.map { (key(setting.name), ConfigValue(.string($0), isSecret: false)) }
        }
        providers = [
            (
                .flag,
                InMemoryProvider(name: "flags", values: all(flags))
            ),
            (
                .environment,
                EnvironmentVariablesProvider(
                    environmentVariables: environment.filter {
                        $0.key.hasPrefix("SELIUM_") && !$0.value.isEmpty
                    })
            ),
            (.context, InMemoryProvider(name: "context", values: all(context))),
            (
                .standard,
                InMemoryProvider(
                    name: "defaults", values: Dictionary(standard) { first, _ in first })
            ),
        ]
    }

    func read(_ setting: Setting) throws(CommandError) -> (String?, SettingOrigin) {
        let key = AbsoluteConfigKey(["selium", setting.name])
        for (origin, provider) in providers {
            let found: LookupResult
            do {
                found = try provider.value(forKey: key, type: .string)
            } catch {
                throw CommandError(.badConfiguration, "cannot read \(setting.variable)")
            }
            if case .string(let text) = found.value?.content { return (text, origin) }
        }
        return (nil, .standard)
    }
}

/// The raw values, to be judged.
private struct Values {
    let origins: [(setting: Setting, value: String?, origin: SettingOrigin)]

    func text(_ name: String) -> String? {
        origins.first { $0.setting.name == name }?.value.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A flag that makes no sense is bad usage, a variable bad configuration.
    func read<Value>(
        _ name: String, _ expectation: String, _ judge: (String) -> Value?
    ) throws(CommandError) -> Value {
        guard let found = origins.first(where: { $0.setting.name == name }) else {
            throw CommandError(.serverError, "no setting is called \(name)")
        }
        let text = found.value ?? ""
        if let value = judge(text) { return value }
        let shown = Escape.foreign(text)
        switch found.origin {
        case .environment:
            throw CommandError(
                .badConfiguration, "\(found.setting.variable)='\(shown)' is not \(expectation)",
                remedies: ["correct the variable, or give --\(name)"])
        case .context, .file:
            throw CommandError(
                .badConfiguration,
                "the context's \(found.setting.name) '\(shown)' is not \(expectation)")
        case .flag, .standard:
            throw CommandError.usage("--\(name) '\(shown)' is not \(expectation)")
        }
    }
}
