import CWasmtime

/// The engine's text of an error, cleaned; takes the error over.
func takeMessage(_ error: OpaquePointer) -> String {
    var bytes = unsafe wasm_byte_vec_t()
    unsafe wasmtime_error_message(error, &bytes)
    let text = unsafe string(bytes)
    unsafe wasm_byte_vec_delete(&bytes)
    unsafe wasmtime_error_delete(error)
    return cleanedText(text)
}

/// A copy of a name of the engine's; what is not UTF-8 is repaired.
func string(_ name: wasm_byte_vec_t, limit: Int = .max) -> String {
    guard let start = unsafe name.data else { return "" }
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: min(name.size, limit))
    return unsafe String(decoding: bytes, as: UTF8.self)
}

extension FunctionType {
    /// Copies the engine's type.
    init(engine type: OpaquePointer) {
        func kinds(_ vector: UnsafePointer<wasm_valtype_vec_t>?) -> [WasmKind] {
            guard let vector = unsafe vector, let data = unsafe vector.pointee.data else { return [] }
            return unsafe UnsafeBufferPointer(start: data, count: vector.pointee.size).map {
                unsafe WasmKind(engine: wasm_valtype_kind($0))
            }
        }
        self.init(
            unsafe kinds(wasm_functype_params(type)), unsafe kinds(wasm_functype_results(type)))
    }

    /// The engine's type of numbers only; the caller deletes it.
    func makeEngineType() -> OpaquePointer {
        func vector(_ kinds: [WasmKind]) -> wasm_valtype_vec_t {
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
