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
