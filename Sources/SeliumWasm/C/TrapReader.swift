import CWasmtime

/// Reads what the engine says about a stopped guest, as data; takes the objects over.
enum TrapReader {
    static func take(trap: OpaquePointer) -> (code: UInt8?, frames: [TrapFrame]) {
        var code: UInt8 = 0
        let hasCode = unsafe wasmtime_trap_code(trap, &code)
        var vector = unsafe wasm_frame_vec_t()
        unsafe wasm_trap_trace(trap, &vector)
        let frames = unsafe read(vector)
        unsafe wasm_frame_vec_delete(&vector)
        unsafe wasm_trap_delete(trap)
        return (hasCode ? code : nil, frames)
    }

    /// The frames and the message of an error that is no trap.
    static func take(error: OpaquePointer) -> (message: String, frames: [TrapFrame]) {
        var vector = unsafe wasm_frame_vec_t()
        unsafe wasmtime_error_wasm_trace(error, &vector)
        let frames = unsafe read(vector)
        unsafe wasm_frame_vec_delete(&vector)
        return unsafe (takeMessage(error), frames)
    }

    private static func read(_ vector: wasm_frame_vec_t) -> [TrapFrame] {
        guard let data = unsafe vector.data else { return [] }
        let count = min(unsafe vector.size, TrapFrame.maximumCount)
        return unsafe UnsafeBufferPointer(start: data, count: count).compactMap { frame in
            guard let frame = unsafe frame else { return nil }
            let offset = unsafe wasm_frame_module_offset(frame)
            let name = unsafe wasmtime_frame_func_name(frame)
            return unsafe TrapFrame(
                functionIndex: wasm_frame_func_index(frame),
                // Unknown is SIZE_MAX, which Swift imports as -1.
                moduleOffset: UInt64(exactly: offset),
                name: name.map {
                    unsafe short(string($0.pointee, limit: TrapFrame.maximumNameBytes))
                })
        }
    }

    /// Repairing bytes that are not UTF-8 makes a name longer, so it is cut once more.
    private static func short(_ name: String) -> String {
        var name = name
        while name.utf8.count > TrapFrame.maximumNameBytes { name.unicodeScalars.removeLast() }
        return name
    }
}
