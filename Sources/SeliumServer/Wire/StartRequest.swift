internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

/// A `start` as the host wants it. Pure: everything that can be judged without the host is judged
/// here, and what is wrong is named by its field.
struct StartRequest: Sendable {
    /// The longest name of a module or entrypoint.
    static let maximumName = 255

    var spec: StartSpec
    /// What the client would send if the server has not got it; nil for a module by name.
    var uploadSize: UInt64?

    init(
        _ start: WireStart, grants: [Grant], namespace: Namespace, caller: Caller
    ) throws(RequestError) {
        let module = try Self.module(start)
        spec = StartSpec(
            namespace: namespace, creator: caller.identity, role: caller.role, module: module,
            moduleName: try Self.moduleName(start, module))
        if case .digest = module, start.moduleSize > 0 { uploadSize = start.moduleSize }
        spec.entrypoint = try Self.entrypoint(start)
        spec.arguments = try Self.arguments(start)
        spec.results = try Self.results(start)
        for (index, text) in start.argv.enumerated() where text.utf8.contains(0) {
            throw Self.invalid("a NUL cannot be passed", "argv[\(index)]")
        }
        spec.argv = start.argv
        spec.environment = try Self.environment(start)
        spec.grants = grants
        if start.hasLimits, start.limits.hasMemory { spec.memoryLimit = start.limits.memory }
        if !start.name.isEmpty {
            guard let name = ProcessName(start.name) else {
                throw Self.invalid(
                    "names are letters, digits, '.', '_' and '-', at most 63, not only digits",
                    "name")
            }
            spec.name = name
        }
        spec.strict = start.strict
        spec.takesInput = start.input
        if start.hasSupervision { spec.policy = try Self.policy(start.supervision) }
        spec.isRemovedAtEnd = start.removeAtEnd
        spec.labels = try Self.labels(start)
    }

    private static func invalid(_ message: String, _ field: String) -> RequestError {
        RequestError(.invalidArgument, message, field: "start.\(field)")
    }

    private static func module(_ start: WireStart) throws(RequestError) -> ModuleReference {
        switch start.module.ref {
        case .digest?:
            guard let digest = start.module.digestBytes.flatMap({ ModuleDigest(bytes: $0) }) else {
                throw invalid("a digest has 32 bytes", "module.digest")
            }
            return .digest(digest)
        case .name(let name)?:
            try check(name, "module.name", mayBeEmpty: false)
            return .name(name)
        case nil: throw invalid("no module is named", "module")
        }
    }

    private static func moduleName(
        _ start: WireStart, _ module: ModuleReference
    ) throws(RequestError) -> String {
        try check(start.moduleName, "module_name", mayBeEmpty: true)
        guard start.moduleName.isEmpty else { return start.moduleName }
        switch module {
        case .name(let name): return name
        case .digest(let digest): return String(digest.hex.prefix(12))
        }
    }

    private static func entrypoint(_ start: WireStart) throws(RequestError) -> String? {
        try check(start.entrypoint, "entrypoint", mayBeEmpty: true)
        return start.entrypoint.isEmpty ? nil : start.entrypoint
    }

    /// Names go into lists, logs and argv: short, and without NUL.
    private static func check(
        _ text: String, _ field: String, mayBeEmpty: Bool
    ) throws(RequestError) {
        guard mayBeEmpty || !text.isEmpty else { throw invalid("empty", field) }
        guard text.utf8.count <= maximumName, !text.utf8.contains(0) else {
            throw invalid("more than \(maximumName) bytes, or a NUL", field)
        }
    }

    private static func arguments(_ start: WireStart) throws(RequestError) -> [Argument] {
        var arguments: [Argument] = []
        for (index, argument) in start.arguments.enumerated() {
            let field = "arguments[\(index)]"
            let kind = try kind(argument.kind, "\(field).kind")
            guard let value = value(argument, kind) else {
                throw invalid("the value does not fit \(kind.name)", field)
            }
            guard !argument.text.utf8.contains(0) else {
                throw invalid("a NUL cannot be passed", "\(field).text")
            }
            arguments.append(
                Argument(
                    value: value, text: argument.text.isEmpty ? value.text : argument.text,
                    isSensitive: argument.sensitive))
        }
        return arguments
    }

    private static func value(_ argument: WireArgument, _ kind: ValueKind) -> Value? {
        switch argument.value {
        case .signed(let number)?: Value(signed: number, kind: kind)
        case .unsigned(let number)?: Value(unsigned: number, kind: kind)
        case .f32(let number)?: kind == .f32 ? .f32(number) : nil
        case .f64(let number)?: kind == .f64 ? .f64(number) : nil
        case .buffer?: kind == .buffer ? argument.bufferBytes.map { .buffer($0) } : nil
        case .utf8(let text)?: kind == .utf8 ? .utf8(text) : nil
        case nil: nil
        }
    }

    private static func kind(_ wire: WireValueKind, _ field: String) throws(RequestError)
        -> ValueKind
    {
        guard let kind = UInt8(exactly: wire.rawValue).flatMap({ ValueKind(rawValue: $0) }) else {
            throw invalid("no kind", field)
        }
        guard kind != .resource else {
            throw RequestError(
                .unimplemented, "resource arguments come with channels", field: "start.\(field)")
        }
        return kind
    }

    private static func results(_ start: WireStart) throws(RequestError) -> [ValueKind] {
        var results: [ValueKind] = []
        for (index, wire) in start.results.enumerated() {
            results.append(try kind(wire, "results[\(index)]"))
        }
        return results
    }

    /// By their keys, each once.
    private static func labels(_ start: WireStart) throws(RequestError) -> [ProcessLabel] {
        var labels: [ProcessLabel] = []
        for (index, wire) in start.labels.enumerated() {
            guard let label = ProcessLabel(wire.key, wire.value) else {
                throw invalid(
                    "a label's key is letters, digits and '._/-', its value these and ':@+', each of at most 63",
                    "labels[\(index)]")
            }
            guard !labels.contains(where: { $0.key == label.key }) else {
                throw invalid("the label comes twice", "labels[\(index)].key")
            }
            labels.append(label)
        }
        return labels.sorted { $0.key < $1.key }
    }

    private static func environment(
        _ start: WireStart
    ) throws(RequestError) -> [EnvironmentVariable] {
        var variables: [EnvironmentVariable] = []
        var names: Set<String> = []
        for (index, variable) in start.environment.enumerated() {
            let field = "environment[\(index)]"
            guard !variable.name.isEmpty,
                !variable.name.utf8.contains(where: { $0 == 0 || $0 == 0x3d })
            else { throw invalid("a name is not empty and has no '='", "\(field).name") }
            guard !variable.value.utf8.contains(0) else {
                throw invalid("a NUL cannot be passed", "\(field).value")
            }
            guard names.insert(variable.name).inserted else {
                throw invalid("the name comes twice", "\(field).name")
            }
            variables.append(
                EnvironmentVariable(
                    name: variable.name, value: variable.value, isSensitive: variable.sensitive))
        }
        return variables
    }
}
