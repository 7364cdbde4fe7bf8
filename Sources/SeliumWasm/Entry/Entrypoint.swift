/// One argument of a named entrypoint.
public enum EntryArgument: Sendable, Hashable {
    case i32(Int32)
    case i64(Int64)
    case f32(Float)
    case f64(Double)
    /// Copied into memory that the guest allocates; arrives as (pointer, length).
    case bytes([UInt8])

    /// The parameters it fills.
    public var kinds: [WasmKind] {
        switch self {
        case .i32: [.i32]
        case .i64: [.i64]
        case .f32: [.f32]
        case .f64: [.f64]
        case .bytes: [.i32, .i32]
        }
    }
}

/// What is called when a guest starts.
public struct Entrypoint: Sendable, Hashable {
    /// The name of an exported function.
    public var name: String
    public var arguments: [EntryArgument]
    /// The results its starter expects; nil takes any numbers.
    public var results: [WasmKind]?

    public init(_ name: String, arguments: [EntryArgument] = [], results: [WasmKind]? = nil) {
        self.name = name
        self.arguments = arguments
        self.results = results
    }
}

/// Which function of the guest gives memory for arguments.
enum Allocator: Sendable, Hashable {
    /// `selium_alloc(length) -> pointer`.
    case selium
    /// `cabi_realloc(old, old length, alignment, length) -> pointer`.
    case canonical
    /// `malloc(length) -> pointer`.
    case malloc

    var name: String {
        switch self {
        case .selium: "selium_alloc"
        case .canonical: "cabi_realloc"
        case .malloc: "malloc"
        }
    }

    var type: FunctionType {
        switch self {
        case .selium, .malloc: FunctionType([.i32], [.i32])
        case .canonical: FunctionType([.i32, .i32, .i32, .i32], [.i32])
        }
    }

    func arguments(length: Int32) -> [WasmValue] {
        switch self {
        case .selium, .malloc: [.i32(length)]
        case .canonical: [.i32(0), .i32(0), .i32(1), .i32(length)]
        }
    }
}

/// An entrypoint that was checked against the module's exports: nothing of the module ran yet.
public struct EntryPlan: Sendable {
    /// The entrypoint's name.
    public let name: String
    let arguments: [EntryArgument]
    let results: [WasmKind]
    let allocator: Allocator?
    /// A reactor's `_initialize` runs first (WASI); `_start` does that work itself.
    let initializes: Bool

    /// Checks `entry` against what a module exports.
    ///
    /// Throws `badEntrypoint` when it is missing, no function, of another type, or when it takes
    /// buffers and the module has none of the three allocators.
    public init(_ entry: Entrypoint, exports: [ModuleExport]) throws(WasmError) {
        let shown = cleanedText(entry.name, limit: 128)
        guard let export = exports.first(where: { $0.name == entry.name }) else {
            throw WasmError(
                .badEntrypoint, "the module has no entrypoint '\(shown)'" + Self.hint(exports))
        }
        guard case .function(let type) = export.type else {
            throw WasmError(.badEntrypoint, "'\(shown)' is exported, but not a function")
        }
        let given = entry.arguments.flatMap(\.kinds)
        guard type.parameters == given else {
            throw WasmError(
                .badEntrypoint,
                "'\(shown)' is \(type), but the arguments given are \(FunctionType(given, []).parametersText)"
            )
        }
        if let expected = entry.results, expected != type.results {
            throw WasmError(
                .badEntrypoint,
                "'\(shown)' is \(type), but the results declared are \(FunctionType(expected, []).parametersText)"
            )
        }
        guard type.results.allSatisfy(\.isNumber) else {
            throw WasmError(.badEntrypoint, "'\(shown)' is \(type): its results cannot be taken")
        }
        name = entry.name
        arguments = entry.arguments
        results = type.results
        let buffers = entry.arguments.contains { if case .bytes = $0 { true } else { false } }
        allocator = buffers ? try Self.allocator(in: exports) : nil
        initializes =
            entry.name != "_start" && entry.name != "_initialize"
            && exports.contains(ModuleExport(name: "_initialize", type: .function(FunctionType())))
    }

    private static func allocator(in exports: [ModuleExport]) throws(WasmError) -> Allocator {
        let hasMemory = exports.contains {
            if case .memory = $0.type { $0.name == "memory" } else { false }
        }
        for candidate in [Allocator.selium, .canonical, .malloc] where hasMemory {
            let wanted = ModuleExport(name: candidate.name, type: .function(candidate.type))
            if exports.contains(wanted) { return candidate }
        }
        throw WasmError(
            .badEntrypoint,
            "buffer arguments need an export 'memory' and one of selium_alloc(i32) -> i32, "
                + "cabi_realloc(i32, i32, i32, i32) -> i32, malloc(i32) -> i32")
    }

    private static func hint(_ exports: [ModuleExport]) -> String {
        let functions = exports.filter { if case .function = $0.type { true } else { false } }
        if functions.isEmpty { return " (it exports no function)" }
        let names = functions.prefix(5).map { cleanedText($0.name, limit: 40) }
        let more = functions.count > names.count ? ", …" : ""
        return " (it exports \(names.joined(separator: ", "))\(more))"
    }
}

extension FunctionType {
    /// The parameters alone: `(i32, i32)`.
    var parametersText: String { "(" + parameters.map { "\($0)" }.joined(separator: ", ") + ")" }
}
