internal import ArgumentParser
internal import SeliumClient

/// What a start is made of; `start` and `run` share it.
struct StartFlags: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A file, a module's name on the server, or sha256:DIGEST.",
            valueName: "file|name|digest"),
        completion: .file(extensions: ["wasm"]))
    var module: String

    @Argument(help: "The exported function to call; start, else _start.")
    var entrypoint: String?

    @Option(
        name: .customShort("a"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "An argument; the type may be left out with -p.", valueName: "type:value"))
    var arguments: [String] = []

    @Option(
        name: .customShort("p"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The kinds of the arguments, in order.", valueName: "kind"))
    var parameters: [String] = []

    @Option(
        name: .customShort("r"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The kinds of the results to keep.", valueName: "kind"))
    var results: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Capabilities to grant, with commas between.", valueName: "list"))
    var capabilities: [String] = []

    @Option(
        name: [.customShort("c"), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("One capability to grant.", valueName: "cap[=scope]"))
    var capability: [String] = []

    @Option(
        parsing: .unconditional, help: ArgumentHelp("A name for the process.", valueName: "name"))
    var name: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "What ps --filter label=K=V finds it by; several times.", valueName: "k=v"))
    var label: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A variable of the program, or one to pass on; the last of one name counts.",
            valueName: "k=v|name"))
    var env: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A file of variables, one a line.", valueName: "file"),
        completion: .file())
    var envFile: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The most memory, such as 64M.", valueName: "size"))
    var memory: String?

    @Flag(name: .customShort("i"), help: "Send this command's stdin to the program.")
    var input = false

    @Flag(help: "Refuse a program with imports that would not work.")
    var strict = false

    @OptionGroup(title: "Restarts") var supervision: SupervisionFlags

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("What the program gets as argv.", valueName: "arg"))
    var argv: [String] = []

    init() {}

    /// The grants that are asked for.
    func grants() throws(CommandError) -> CapabilityList {
        var list = CapabilityList()
        do {
            for text in capabilities { try list.add(list: text) }
            for text in capability { try list.add(grant: text) }
        } catch {
            throw .usage(
                Escape.foreign(error.description), remedies: ["all of them: selium caps ls"])
        }
        return list
    }

    /// Everything besides the module.
    func options(_ environment: [String: String]) throws(CommandError) -> StartOptions {
        guard entrypoint?.isEmpty != true else {
            throw .usage(
                "the entrypoint is empty", remedies: ["leave it out to call start, else _start"])
        }
        var options = StartOptions(
            entrypoint: entrypoint, argv: argv, name: name, strict: strict, takesInput: input)
        options.arguments = try typedArguments()
        options.results = try kinds(results, "-r")
        options.environment = try EnvironmentFlags.variables(env, files: envFile, own: environment)
        options.supervision = try supervision.supervision()
        options.labels = try LabelFlags.labels(label)
        options.capabilities = try grants().entries.map { Grant($0.capability, scope: $0.scope) }
        if let memory {
            guard let bytes = Quantity.bytes(memory), bytes > 0 else {
                throw .usage("--memory '\(Escape.foreign(memory))' is not a size such as 64M")
            }
            options.limits.memory = .bytes(bytes)
        }
        if let name, !Self.isName(name) {
            throw .usage(
                "--name '\(Escape.foreign(name))' is not a name",
                remedies: ["letters, digits and . - _, 63 at most, never only digits"])
        }
        return options
    }

    private func typedArguments() throws(CommandError) -> [StartArgument] {
        let kinds = try kinds(parameters, "-p")
        do throws(ArgumentText.Problem) {
            return try ArgumentText.list(arguments, kinds: kinds).map {
                entry throws(ArgumentText.Problem) in
                guard let value = Value(entry.value, kind: entry.kind) else {
                    throw ArgumentText.Problem(
                        description: "argument '\(entry.text)' is no \(entry.kind.name)")
                }
                return StartArgument(value, text: entry.text)
            }
        } catch {
            throw .usage(Escape.foreign(error.description))
        }
    }

    private func kinds(_ names: [String], _ flag: String) throws(CommandError) -> [ValueKind] {
        try names.map { name throws(CommandError) in
            guard let kind = ValueKind(name: name) else {
                let nearest = NearestName.of(name, among: ValueKind.allCases.map(\.name))
                let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
                throw .usage("\(flag) '\(Escape.foreign(name))' is no kind of value\(hint)")
            }
            guard kind != .resource else {
                throw .usage("\(flag) resource needs channels, which this version lacks")
            }
            return kind
        }
    }

    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`, not all digits.
    static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            isDigit(byte) || (0x41...0x5a).contains(byte & 0xdf)
        }
        guard let first = bytes.first, bytes.count <= 63, isAlphanumeric(first),
            !bytes.allSatisfy(isDigit)
        else {
            return false
        }
        return bytes.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }
}

/// The program's environment: nothing of ours that was not named.
enum EnvironmentFlags {
    /// The largest file of variables.
    private static let maximumFile = 1 << 20

    /// Files first, then flags; the last of one name wins.
    static func variables(
        _ flags: [String], files: [String], own: [String: String]
    ) throws(CommandError) -> [EnvironmentVariable] {
        var variables: [EnvironmentVariable] = []
        func set(_ variable: EnvironmentVariable) {
            variables.removeAll { $0.name == variable.name }
            variables.append(variable)
        }
        for path in files {
            for variable in try read(path) { set(variable) }
        }
        for flag in flags {
            if let equals = flag.firstIndex(of: "=") {
                let name = String(flag[..<equals])
                guard !name.isEmpty else {
                    throw .usage("--env '\(Escape.foreign(flag))' has no name")
                }
                set(
                    EnvironmentVariable(
                        name: name, value: String(flag[flag.index(after: equals)...])))
            } else {
                guard let value = own[flag], !flag.isEmpty else {
                    throw .usage("--env \(Escape.foreign(flag)): no such variable here to pass on")
                }
                set(EnvironmentVariable(name: flag, value: value, isSensitive: true))
            }
        }
        return variables
    }

    /// NAME=VALUE lines; empty ones and those that begin with # are skipped, nothing is unquoted.
    private static func read(_ path: String) throws(CommandError) -> [EnvironmentVariable] {
        let text: String
        do {
            text = try LocalFile.text(path, limit: maximumFile)
        } catch {
            throw CommandError(.noInput, "cannot read \(Escape.foreign(path)): \(error.reason)")
        }
        var variables: [EnvironmentVariable] = []
        // As bytes: CR LF is one character, and no newline.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let line = Substring(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), equals != line.startIndex else {
                throw CommandError(
                    .invalidData, "\(Escape.foreign(path)):\(index + 1): expected NAME=VALUE")
            }
            variables.append(
                EnvironmentVariable(
                    name: String(line[..<equals]),
                    value: String(line[line.index(after: equals)...]),
                    isSensitive: true))
        }
        return variables
    }
}
