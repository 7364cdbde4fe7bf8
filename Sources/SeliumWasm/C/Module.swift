import CWasmtime
import Glibc

/// A compiled module. Immutable; shared by all its guests.
///
/// SAFETY: nothing changes `raw` after `init`, and the last owner alone gives it back.
@safe public final class Module: @unchecked Sendable {
    let raw: OpaquePointer
    /// The engine it belongs to.
    public let engine: Engine
    /// In the module's order.
    public let imports: [ModuleImport]
    /// In the module's order.
    public let exports: [ModuleExport]

    private init(_ raw: OpaquePointer, _ engine: Engine) {
        unsafe self.raw = raw
        self.engine = engine
        imports = unsafe Self.readImports(raw)
        exports = unsafe Self.readExports(raw)
    }

    deinit { unsafe wasmtime_module_delete(raw) }

    /// Compiles wasm in this process.
    ///
    /// Not for modules of strangers: a hostile one makes the compiler take minutes or abort the
    /// process, so a runtime compiles in a child with limits. Throws `invalidModule`.
    public static func compile(_ wasm: [UInt8], engine: Engine) throws(WasmError) -> Module {
        var raw: OpaquePointer?
        let error = unsafe wasm.withUnsafeBufferPointer { bytes in
            unsafe wasmtime_module_new(engine.raw, bytes.baseAddress, bytes.count, &raw)
        }
        if let error = unsafe error {
            throw unsafe WasmError(.invalidModule, takeMessage(error))
        }
        guard let raw = unsafe raw else { throw WasmError(.engine, "the engine made no module") }
        return unsafe Module(raw, engine)
    }

    /// Maps a compiled module from an open file.
    ///
    /// The engine wants a path and opens it itself. `/proc/self/fd/N` is that very inode, not a
    /// name that somebody could have pointed elsewhere since the caller verified the descriptor's
    /// bytes. The file must be one this server wrote, verified by its checksum: it is native code.
    /// The mapping outlives the descriptor. Throws `incompatibleCache`, for a file of another
    /// engine version or configuration.
    public static func load(descriptor: Int32, engine: Engine) throws(WasmError) -> Module {
        var raw: OpaquePointer?
        let error = unsafe "/proc/self/fd/\(descriptor)".withCString { path in
            unsafe wasmtime_module_deserialize_file(engine.raw, path, &raw)
        }
        if let error = unsafe error {
            throw unsafe WasmError(.incompatibleCache, takeMessage(error))
        }
        guard let raw = unsafe raw else { throw WasmError(.engine, "the engine made no module") }
        return unsafe Module(raw, engine)
    }

    /// Writes the compiled form to an open file, from its present position on.
    ///
    /// Throws `resources` when not all of it could be written.
    public func serialize(to descriptor: Int32) throws(WasmError) {
        var bytes = unsafe wasm_byte_vec_t()
        if let error = unsafe wasmtime_module_serialize(raw, &bytes) {
            throw unsafe WasmError(.engine, takeMessage(error))
        }
        defer { unsafe wasm_byte_vec_delete(&bytes) }
        var written = 0
        while unsafe written < bytes.size {
            let count = unsafe write(descriptor, bytes.data + written, bytes.size - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw WasmError(
                    .resources, "the compiled module cannot be written (errno \(errno))")
            }
            written += count
        }
    }

    /// Translates the text format; for tests.
    public static func wasm(fromText text: String) throws(WasmError) -> [UInt8] {
        var bytes = unsafe wasm_byte_vec_t()
        var text = text
        let error = text.withUTF8 { utf8 in
            unsafe utf8.withMemoryRebound(to: CChar.self) {
                unsafe wasmtime_wat2wasm($0.baseAddress, $0.count, &bytes)
            }
        }
        if let error = unsafe error {
            throw unsafe WasmError(.invalidModule, takeMessage(error))
        }
        defer { unsafe wasm_byte_vec_delete(&bytes) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes.data, count: bytes.size))
    }

    /// The initial size of the memory it exports, bytes; 0 when it exports none.
    public var initialMemory: UInt64 { exportedMemory?.bytes ?? 0 }

    /// There is at most one memory; host functions want it under the name `memory`.
    var exportedMemory: (name: String, bytes: UInt64)? {
        for export in exports {
            guard case .memory(let pages) = export.type else { continue }
            let (bytes, overflow) = pages.multipliedReportingOverflow(by: 65_536)
            return (export.name, overflow ? .max : bytes)
        }
        return nil
    }

    private static func readImports(_ raw: OpaquePointer) -> [ModuleImport] {
        var list = unsafe wasm_importtype_vec_t()
        unsafe wasmtime_module_imports(raw, &list)
        defer { unsafe wasm_importtype_vec_delete(&list) }
        return unsafe UnsafeBufferPointer(start: list.data, count: list.size).compactMap {
            guard let item = unsafe $0, let type = unsafe wasm_importtype_type(item) else {
                return nil
            }
            return unsafe ModuleImport(
                module: string(wasm_importtype_module(item).pointee),
                name: string(wasm_importtype_name(item).pointee), type: itemType(type))
        }
    }

    private static func readExports(_ raw: OpaquePointer) -> [ModuleExport] {
        var list = unsafe wasm_exporttype_vec_t()
        unsafe wasmtime_module_exports(raw, &list)
        defer { unsafe wasm_exporttype_vec_delete(&list) }
        return unsafe UnsafeBufferPointer(start: list.data, count: list.size).compactMap {
            guard let item = unsafe $0, let type = unsafe wasm_exporttype_type(item) else {
                return nil
            }
            return unsafe ModuleExport(
                name: string(wasm_exporttype_name(item).pointee), type: itemType(type))
        }
    }

    private static func itemType(_ type: OpaquePointer) -> ItemType {
        if let function = unsafe wasm_externtype_as_functype_const(type) {
            return unsafe .function(FunctionType(engine: function))
        }
        if let memory = unsafe wasm_externtype_as_memorytype_const(type) {
            return unsafe .memory(minimumPages: wasmtime_memorytype_minimum(memory))
        }
        switch unsafe wasm_externtype_kind(type) {
        case 1: return .global
        case 2: return .table
        default: return .tag
        }
    }
}
