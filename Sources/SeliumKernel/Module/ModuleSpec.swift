internal import SeliumABI

/// What `selium-runtime --module` says: `key=value;…`.
///
/// `\,` and `\;` quote inside values. An unknown, double or empty key, or a value that does not fit,
/// is an error that quotes it.
public struct ModuleSpec: Sendable, Hashable {
    /// One typed argument, and how it was written.
    public struct Argument: Sendable, Hashable {
        public var value: Value
        public var text: String
    }

    /// One variable of the program's environment.
    public struct Variable: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// The file's name in `<work-dir>/modules/`.
    public var file: String
    /// Granted to the process; none when there is no such key.
    public var grants: [Grant] = []
    /// nil: `start` if the module exports it, else `_start`.
    public var entrypoint: String?
    public var arguments: [Argument] = []
    public var name: ProcessName?
    public var environment: [Variable] = []

    /// The module that means the control server, which is built in here.
    public static let controlServerFile = "selium_remote_client_server.wasm"

    /// Whether this spec is about the control server: no file of that name is needed.
    public var isControlServer: Bool { file == Self.controlServerFile }

    /// Where the control server listens: host and port from the arguments.
    ///
    /// Fails with `invalid` unless the arguments are `utf8:HOST,u16:PORT`, and with `denied` unless
    /// NetQuicBind and NetQuicAccept are listed.
    public func controlListener() throws(KernelError) -> (host: String, port: UInt16) {
        for needed in [Capability.netQuicBind, .netQuicAccept]
        where !grants.contains(where: { $0.capability == needed }) {
            throw KernelError(
                .denied, "module '\(file)': the control server needs \(needed.name)",
                remedy: "add it to capabilities=")
        }
        guard arguments.count == 2, case .utf8(let host) = arguments[0].value,
            case .u16(let port) = arguments[1].value
        else {
            throw KernelError(
                .invalid, "module '\(file)': the control server's arguments are a host and a port",
                remedy: "write args=utf8:localhost,u16:7000")
        }
        return (host, port)
    }

    /// Reads a spec. Fails with `invalid`.
    public init(_ text: String) throws(KernelError) {
        var fields: [String: String] = [:]
        for field in QuotedList.split(text, at: ";", unquoting: false) {
            guard let equals = field.firstIndex(of: "=") else {
                throw KernelError(.invalid, "module spec: '\(field)' is no key=value")
            }
            let key = String(field[..<equals])
            guard Self.keys.contains(key) else { throw Self.unknown(key, in: field) }
            guard fields[key] == nil else {
                throw KernelError(.invalid, "module spec: '\(key)' twice")
            }
            let value = String(field[field.index(after: equals)...])
            guard !value.isEmpty else {
                throw KernelError(.invalid, "module spec: '\(key)=' is empty")
            }
            fields[key] = value
        }
        guard fields["log_uri"] == nil else {
            throw KernelError(
                .invalid, "module spec: 'log_uri' needs channels, which this version lacks")
        }
        guard let path = fields["path"] else {
            throw KernelError(
                .invalid, "module spec: no 'path'", remedy: "write path=modules/NAME.wasm;…")
        }
        file = try Self.file(Self.unquoted(path))
        entrypoint = fields["entrypoint"].map(Self.unquoted)
        grants = try Self.grants(fields["capabilities"])
        arguments = try Self.arguments(fields["args"], params: fields["params"])
        environment = try Self.environment(fields["env"])
        if let text = fields["name"].map(Self.unquoted) {
            guard let name = ProcessName(text) else {
                throw KernelError(.invalid, "module spec: 'name=\(text)' is no process name")
            }
            self.name = name
        }
    }

    private static let keys = [
        "path", "capabilities", "entrypoint", "args", "params", "log_uri", "name", "env",
    ]

    private static func unknown(_ key: String, in field: String) -> KernelError {
        guard !key.isEmpty else {
            return KernelError(.invalid, "module spec: '\(field)' has no key")
        }
        let near = NearestName.of(key, among: keys).map { "did you mean '\($0)'?" }
        return KernelError(
            .invalid, "module spec: unknown key '\(key)'",
            remedy: near ?? "the keys are \(keys.joined(separator: ", "))")
    }

    private static func unquoted(_ text: String) -> String {
        // A separator that no text holds: everything comes back as one item, unquoted.
        QuotedList.split(text, at: "\0").first ?? ""
    }

    private static func file(_ path: String) throws(KernelError) -> String {
        guard !path.hasPrefix("/") else {
            throw KernelError(
                .invalid, "module spec: 'path=\(path)' is absolute",
                remedy:
                    "put the file into modules/ of the work directory and name it: path=modules/NAME.wasm"
            )
        }
        let name = path.hasPrefix("modules/") ? String(path.dropFirst("modules/".count)) : path
        guard isFileName(name) else {
            throw KernelError(
                .invalid, "module spec: 'path=\(path)' is no file of modules/",
                remedy: "write path=modules/NAME.wasm")
        }
        return name
    }

    /// One component of a path that names a file: no `/`, no NUL, not `.` or `..`.
    public static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && !name.utf8.contains { $0 == 0x2f || $0 < 0x20 || $0 == 0x7f }
    }

    private static func grants(_ list: String?) throws(KernelError) -> [Grant] {
        guard let list else { return [] }
        var capabilities = CapabilityList()
        do throws(CapabilityList.Problem) {
            try capabilities.add(list: list)
        } catch {
            throw KernelError(.invalid, "module spec: 'capabilities=': \(error)")
        }
        return try GrantParser.parse(
            capabilities.entries.map { (name: $0.capability.name, scope: $0.scope ?? "") })
    }

    private static func arguments(
        _ list: String?, params: String?
    ) throws(KernelError) -> [Argument] {
        var kinds: [ValueKind] = []
        for name in QuotedList.split(params ?? "", at: ",") {
            guard let kind = ValueKind(name: name) else {
                let near = NearestName.of(name, among: ValueKind.allCases.map(\.name))
                throw KernelError(
                    .invalid, "module spec: 'params=': unknown kind '\(name)'",
                    remedy: near.map { "did you mean '\($0)'?" } ?? "")
            }
            kinds.append(kind)
        }
        let items: [(kind: ValueKind, value: ArgumentText, text: String)]
        do throws(ArgumentText.Problem) {
            items = try ArgumentText.list(QuotedList.split(list ?? "", at: ","), kinds: kinds)
        } catch {
            throw KernelError(.invalid, "module spec: 'args=': \(error)")
        }
        guard items.count <= Limits.typedArguments else {
            throw KernelError(.invalid, "module spec: more than \(Limits.typedArguments) arguments")
        }
        return items.compactMap { item in
            Value(item.value, kind: item.kind).map { Argument(value: $0, text: item.text) }
        }
    }

    private static func environment(_ list: String?) throws(KernelError) -> [Variable] {
        var variables: [Variable] = []
        for item in QuotedList.split(list ?? "", at: ",") {
            guard let equals = item.firstIndex(of: "="), equals != item.startIndex else {
                throw KernelError(.invalid, "module spec: 'env=': '\(item)' is no NAME=VALUE")
            }
            let name = String(item[..<equals])
            guard !variables.contains(where: { $0.name == name }) else {
                throw KernelError(.invalid, "module spec: 'env=': '\(name)' twice")
            }
            variables.append(
                Variable(name: name, value: String(item[item.index(after: equals)...])))
        }
        return variables
    }
}
