import CWasmtime

extension WasmKind {
    /// The engine's types this room tells apart.
    ///
    /// SAFETY: immutable, and never given back.
    @safe private struct Known: @unchecked Sendable {
        let types: [(OpaquePointer?, WasmKind)] = unsafe [
            (wasm_valtype_new(0), .i32), (wasm_valtype_new(1), .i64), (wasm_valtype_new(2), .f32),
            (wasm_valtype_new(3), .f64), (wasmtime_wasm_valtype_v128(), .v128),
            (wasm_valtype_new(129), .funcRef),
        ]
    }

    private static let known = Known()

    /// The kind of an engine's type, by comparison: asking for its number aborts the process for
    /// types that any stranger's module may export.
    init(engine type: OpaquePointer?) {
        let known = unsafe Self.known.types
        self =
            unsafe known.first { unsafe wasmtime_wasm_valtype_equal(type, $0.0) }?.1 ?? .reference
    }
}

extension FunctionType {
    /// Copies the engine's type.
    init(engine type: OpaquePointer) {
        func kinds(_ vector: UnsafePointer<wasm_valtype_vec_t>?) -> [WasmKind] {
            guard let vector = unsafe vector, let data = unsafe vector.pointee.data else {
                return []
            }
            return unsafe UnsafeBufferPointer(start: data, count: vector.pointee.size).map {
                unsafe WasmKind(engine: $0)
            }
        }
        self.init(
            unsafe kinds(wasm_functype_params(type)), unsafe kinds(wasm_functype_results(type)))
    }

    /// The engine's type of numbers only; the caller deletes it.
    func makeEngineType() -> OpaquePointer {
        func vector(_ kinds: [WasmKind]) -> wasm_valtype_vec_t {
            precondition(kinds.allSatisfy(\.isNumber), "host functions take and give numbers")
            var vector = unsafe wasm_valtype_vec_t()
            let types = unsafe kinds.map { unsafe wasm_valtype_new($0.rawValue) }
            unsafe types.withUnsafeBufferPointer {
                unsafe wasm_valtype_vec_new(&vector, $0.count, $0.baseAddress)
            }
            return unsafe vector
        }
        var parameters = unsafe vector(parameters)
        var results = unsafe vector(results)
        return unsafe wasm_functype_new(&parameters, &results)
    }
}
