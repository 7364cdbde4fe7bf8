/// The type of a WebAssembly value, as far as host functions and entrypoints meet it.
public enum WasmKind: UInt8, Sendable, Hashable, CaseIterable {
    case i32 = 0
    case i64 = 1
    case f32 = 2
    case f64 = 3
    case v128 = 4
    case funcRef = 5
    /// Every other reference type; nothing of ours takes one.
    case reference = 6

    /// Whether the host can pass or take such a value.
    public var isNumber: Bool { rawValue <= WasmKind.f64.rawValue }
}

/// The parameters and results of a function.
public struct FunctionType: Sendable, Hashable, CustomStringConvertible {
    public var parameters: [WasmKind]
    public var results: [WasmKind]

    public init(_ parameters: [WasmKind] = [], _ results: [WasmKind] = []) {
        self.parameters = parameters
        self.results = results
    }

    /// `(i32, i32) -> (i32)`.
    public var description: String {
        func list(_ kinds: [WasmKind]) -> String {
            "(" + kinds.map { "\($0)" }.joined(separator: ", ") + ")"
        }
        return "\(list(parameters)) -> \(list(results))"
    }
}
