import CWasmtime

/// The engine's text of an error as one clean line; takes the error over.
func takeMessage(_ error: OpaquePointer) -> String {
    var bytes = unsafe wasm_byte_vec_t()
    unsafe wasmtime_error_message(error, &bytes)
    let text = unsafe string(bytes)
    unsafe wasm_byte_vec_delete(&bytes)
    unsafe wasmtime_error_delete(error)
    return cleanedText(oneLine(text))
}

/// The engine writes an error, "Caused by:", and one cause a line.
private func oneLine(_ text: String) -> String {
    text.split(separator: "\n")
        .map { $0.drop { $0 == " " } }
        .filter { !$0.isEmpty && $0 != "Caused by:" }
        .joined(separator: ": ")
}

/// A copy of a name of the engine's; what is not UTF-8 is repaired.
func string(_ name: wasm_byte_vec_t, limit: Int = .max) -> String {
    guard let start = unsafe name.data else { return "" }
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: min(name.size, limit))
    return unsafe String(decoding: bytes, as: UTF8.self)
}
