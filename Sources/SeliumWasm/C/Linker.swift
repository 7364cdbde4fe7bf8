import CWasmtime

/// The host functions of a server, made once. Immutable; any thread.
///
/// SAFETY: `raw` is filled in `init` and only read and cloned afterwards; the last owner gives it back.
@safe public final class Linker: @unchecked Sendable {
    private let raw: OpaquePointer
    private let engine: Engine
    private let types: [String: [String: FunctionType]]
    private let errnos: [String: Int32]

    /// - Parameters:
    ///   - functions: what the host offers; a name may occur once.
    ///   - unknownResults: import modules whose unknown functions exist and answer this number
    ///     (WASI: 52, ENOSYS); unknown functions of other modules trap when they are called.
    public init(
        _ engine: Engine, functions: [HostFunction], unknownResults: [String: Int32] = [:]
    ) throws(WasmError) {
        guard let raw = unsafe wasmtime_linker_new(engine.raw) else {
            throw WasmError(.resources, "the engine made no linker")
        }
        unsafe self.raw = raw
        self.engine = engine
        errnos = unknownResults
        var types: [String: [String: FunctionType]] = [:]
        for function in functions {
            types[function.module, default: [:]][function.name] = function.type
        }
        self.types = types
        for function in functions { try unsafe Self.define(function, in: raw) }
    }

    deinit { unsafe wasmtime_linker_delete(raw) }

    /// Whether the host offers this function.
    public func provides(module: String, name: String) -> Bool { types[module]?[name] != nil }

    /// Connects a module with the host functions; guests of it then start in microseconds.
    ///
    /// Throws `badImport` when an import has another type than the host's function, or is unknown
    /// and no function.
    public func prepare(_ module: Module) throws(WasmError) -> PreparedModule {
        var stubs: [Int: HostFunction] = [:]
        var unknown: [ModuleImport] = []
        var seen: Set<ModuleImport> = []
        for (index, item) in module.imports.enumerated() {
            let shown =
                "\(cleanedText(item.module, limit: 64)).\(cleanedText(item.name, limit: 64))"
            guard case .function(let type) = item.type else {
                throw WasmError(
                    .badImport,
                    "import \(shown) is no function; this server provides functions only")
            }
            if let provided = types[item.module]?[item.name] {
                guard provided == type else {
                    throw WasmError(
                        .badImport, "import \(shown) is \(type), but here it is \(provided)")
                }
                continue
            }
            guard seen.insert(item).inserted else { continue }
            if let errno = errnos[item.module], type.results == [.i32] {
                stubs[index] = stub(item, type) { _ in .i32(errno) }
            } else {
                unknown.append(item)
                let message = "import \(shown) is not provided by this server"
                stubs[index] = stub(item, type) { _ in .trap(message) }
            }
        }
        return try link(module, stubs: stubs, unknown: unknown)
    }

    private func stub(
        _ item: ModuleImport, _ type: FunctionType,
        _ body: @escaping @Sendable (borrowing GuestCall) -> HostReply
    ) -> HostFunction {
        .immediate(item.module, item.name, type.parameters, type.results, body)
    }

    private func link(
        _ module: Module, stubs: [Int: HostFunction], unknown: [ModuleImport]
    ) throws(WasmError) -> PreparedModule {
        guard !stubs.isEmpty else { return unsafe try Self.finish(raw, module, unknown) }
        guard let linker = unsafe wasmtime_linker_clone(raw) else {
            throw WasmError(.resources, "the engine made no linker")
        }
        defer { unsafe wasmtime_linker_delete(linker) }
        // A stub has the import's own type, which may hold vectors and references that no function
        // of ours has: the engine's object is used as it is.
        var list = unsafe wasm_importtype_vec_t()
        unsafe wasmtime_module_imports(module.raw, &list)
        defer { unsafe wasm_importtype_vec_delete(&list) }
        for (index, stub) in stubs where unsafe index < list.size {
            guard let item = unsafe list.data[index], let type = unsafe wasm_importtype_type(item),
                let function = unsafe wasm_externtype_as_functype_const(type)
            else { continue }
            try unsafe Self.define(stub, type: function, in: linker)
        }
        return try unsafe Self.finish(linker, module, unknown)
    }

    private static func finish(
        _ linker: OpaquePointer, _ module: Module, _ unknown: [ModuleImport]
    ) throws(WasmError) -> PreparedModule {
        var prepared: OpaquePointer?
        if let error = unsafe wasmtime_linker_instantiate_pre(linker, module.raw, &prepared) {
            throw unsafe WasmError(.badImport, takeMessage(error))
        }
        guard let prepared = unsafe prepared else {
            throw WasmError(.engine, "the engine prepared nothing")
        }
        return unsafe PreparedModule(prepared, module: module, unknownImports: unknown)
    }

    private static func define(_ function: HostFunction, in linker: OpaquePointer) throws(WasmError)
    {
        let type = unsafe function.type.makeEngineType()
        defer { unsafe wasm_functype_delete(type) }
        try unsafe define(function, type: type, in: linker)
    }

    private static func define(
        _ function: HostFunction, type: OpaquePointer, in linker: OpaquePointer
    ) throws(WasmError) {
        let box = unsafe Unmanaged.passRetained(HostFunctionBox(function)).toOpaque()
        let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
            guard let box = unsafe $0 else { return }
            unsafe Unmanaged<HostFunctionBox>.fromOpaque(box).release()
        }
        let (module, name) = (function.module, function.name)
        let error: OpaquePointer?
        switch function.body {
        case .immediate:
            unsafe error = wasmtime_linker_define_func_unchecked(
                linker, module, module.utf8.count, name, name.utf8.count, type, immediateThunk, box,
                release)
        case .waiting:
            unsafe error = wasmtime_linker_define_async_func(
                linker, module, module.utf8.count, name, name.utf8.count, type, waitingThunk, box,
                release)
        }
        if let error = unsafe error { throw unsafe WasmError(.engine, takeMessage(error)) }
    }
}

/// A module connected with its host functions; shared by all guests of it.
///
/// SAFETY: nothing changes `raw` after `init`, and the last owner alone gives it back.
@safe public final class PreparedModule: @unchecked Sendable {
    let raw: OpaquePointer
    public let module: Module
    /// Imports that the host does not have and that trap when they are called.
    public let unknownImports: [ModuleImport]

    init(_ raw: OpaquePointer, module: Module, unknownImports: [ModuleImport]) {
        unsafe self.raw = raw
        self.module = module
        self.unknownImports = unknownImports
    }

    deinit { unsafe wasmtime_instance_pre_delete(raw) }
}
