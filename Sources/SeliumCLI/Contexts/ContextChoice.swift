/// Which context a command takes its settings from, and who chose it.
struct ContextChoice: Sendable {
    /// nil: from none.
    let context: SavedContext?
    /// ``SettingOrigin/file``: the one in use, as the file says.
    let origin: SettingOrigin
    /// The file, as messages call it; empty when none was asked for.
    let file: String

    static let none = ContextChoice(context: nil, origin: .standard, file: "")

    private init(context: SavedContext?, origin: SettingOrigin, file: String) {
        self.context = context
        self.origin = origin
        self.file = file
    }

    /// Flag, variable, the file's current one, none.
    init(
        flag: String?, variable: String?, _ store: ContextStore?
    ) throws(CommandError) {
        var named: (name: String, origin: SettingOrigin)?
        if let flag {
            named = (flag, .flag)
        } else if let variable, !variable.isEmpty {
            named = (variable, .environment)
        }
        guard let store else {
            guard let named else {
                self = .none
                return
            }
            throw CommandError(
                .badConfiguration,
                "there are no contexts without a home directory: '\(Escape.foreign(named.name))'",
                remedies: ["set HOME"])
        }
        let saved = try store.load()
        let path = Escape.foreign(store.path)
        if named == nil, let current = saved.current { named = (current, .file) }
        guard let (name, origin) = named else {
            self = .none
            return
        }
        guard let context = saved[name] else {
            throw CommandError(
                .badConfiguration, "no context '\(Escape.foreign(name))' in \(path)",
                remedies: [ContextChoice.hint(name, saved)])
        }
        self.init(context: context, origin: origin, file: path)
    }

    /// What to do about a name that is not there.
    static func hint(_ name: String, _ saved: ContextFile) -> String {
        guard !saved.contexts.isEmpty else {
            return "there are none; to make one: selium context add NAME --domain HOST"
        }
        return "there is: \(saved.contexts.map(\.name).joined(separator: ", "))"
    }
}
