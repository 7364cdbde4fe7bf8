/// One global setting: a flag, a variable and a default.
struct Setting: Hashable, Sendable {
    /// The flag without its dashes.
    let name: String
    /// The single-letter flag, if there is one.
    let short: String?
    /// What it is when nobody says; nil where nothing is meant.
    let standard: String?
    /// Whether the flag takes no value.
    let isSwitch: Bool

    /// `SELIUM_` and the flag's name.
    var variable: String {
        "SELIUM_" + name.uppercased().split(separator: "-").joined(separator: "_")
    }

    private init(
        _ name: String, short: String? = nil, standard: String? = nil, isSwitch: Bool = false
    ) {
        self.name = name
        self.short = short
        self.standard = standard
        self.isSwitch = isSwitch
    }

    /// All of them, as docs/configuration.md lists them.
    static let all: [Setting] = [
        Setting("domain", standard: "localhost"),
        Setting("port", standard: "7000"),
        Setting("cert-dir"),
        Setting("server-name"),
        Setting("context"),
        Setting("timeout", standard: "10s"),
        Setting("output", short: "o", standard: "table"),
        Setting("log-format", standard: "text"),
        Setting("quiet", short: "q", standard: "false", isSwitch: true),
        Setting("color", standard: "auto"),
        Setting("verbose", short: "v", standard: "false", isSwitch: true),
    ]
}

/// Where a setting's value comes from, strongest first.
enum SettingOrigin: String, Hashable, Sendable {
    case flag
    case environment
    /// What the context says that the command takes its settings from.
    case context
    /// The file of contexts, for the context in use.
    case file
    case standard = "default"
}
