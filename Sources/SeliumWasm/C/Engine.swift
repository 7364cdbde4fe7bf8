import CWasmtime
import Glibc

/// The compiler and the rules every module of this server obeys. One per process is enough; it is
/// immutable and may be used from any thread.
///
/// SAFETY: the engine's own object is thread-safe, and `raw` is given back by the last owner alone.
@safe public final class Engine: @unchecked Sendable {
    /// The library this room is written for; it cannot tell its version itself.
    public static let version = "wasmtime 50.0.1"

    /// Wasm stack of a guest, bytes.
    public static let wasmStack = 1 << 20
    /// The whole stack a guest runs on; host functions have what is above the wasm stack.
    public static let fiberStack = 2 << 20

    let raw: OpaquePointer

    /// Everything a compiled module depends on besides its own bytes: version, every setting, the
    /// machine's instruction sets. Part of the key of a cache of compiled modules.
    public let cacheKey: String

    /// What the engine is made for.
    public enum Use: Sendable {
        /// Running guests.
        case running
        /// Compiling in a process of its own, on several threads.
        case compiling
    }

    /// An engine with our feature list. Throws `resources` when the machine gives no memory for it.
    public init(_ use: Use = .running) throws(WasmError) {
        guard let config = unsafe wasm_config_new() else {
            throw WasmError(.resources, "the engine cannot be configured")
        }
        for setting in Self.settings { unsafe setting.apply(config, setting.on) }
        unsafe wasmtime_config_max_wasm_stack_set(config, Self.wasmStack)
        unsafe wasmtime_config_async_stack_size_set(config, Self.fiberStack)
        unsafe wasmtime_config_cranelift_opt_level_set(config, 1)
        unsafe wasmtime_config_parallel_compilation_set(config, use == .compiling)
        guard let raw = unsafe wasm_engine_new_with_config(config) else {
            throw WasmError(.resources, "the engine cannot be made")
        }
        unsafe self.raw = raw
        let switches = Self.settings.map { $0.name + ($0.on ? "+" : "-") }
        cacheKey = ([Self.version, "opt=speed"] + switches + ["cpu=\(Self.processorKey())"])
            .joined(separator: " ")
    }

    deinit { unsafe wasm_engine_delete(raw) }

    /// Makes running guests look at their clock. Any thread.
    func tick() { unsafe wasmtime_engine_increment_epoch(raw) }

    @safe private struct Setting {
        let name: String
        let on: Bool
        let apply: (OpaquePointer?, Bool) -> Void

        init(_ name: String, _ on: Bool, _ apply: @escaping (OpaquePointer?, Bool) -> Void) {
            self.name = name
            self.on = on
            unsafe self.apply = apply
        }
    }

    /// Turning a feature on later breaks nobody; turning one off breaks modules that are stored, so
    /// the list is short and every line has a test. `gc-support` is no feature of modules:
    /// exceptions live on its heap, and without it a module with try_table makes the compiler abort.
    private static var settings: [Setting] {
        unsafe [
            Setting("epoch", true, wasmtime_config_epoch_interruption_set),
            Setting("fuel", false, wasmtime_config_consume_fuel_set),
            Setting("debug-info", false, wasmtime_config_debug_info_set),
            Setting("nan-canonical", false, wasmtime_config_cranelift_nan_canonicalization_set),
            Setting("gc-support", true, wasmtime_config_gc_support_set),
            Setting("bulk-memory", true, wasmtime_config_wasm_bulk_memory_set),
            Setting("multi-value", true, wasmtime_config_wasm_multi_value_set),
            Setting("reference-types", true, wasmtime_config_wasm_reference_types_set),
            Setting("simd", true, wasmtime_config_wasm_simd_set),
            Setting("tail-call", true, wasmtime_config_wasm_tail_call_set),
            Setting("exceptions", true, wasmtime_config_wasm_exceptions_set),
            Setting("threads", false, wasmtime_config_wasm_threads_set),
            Setting("shared-memory", false, wasmtime_config_shared_memory_set),
            Setting("memory64", false, wasmtime_config_wasm_memory64_set),
            Setting("multi-memory", false, wasmtime_config_wasm_multi_memory_set),
            Setting("gc", false, wasmtime_config_wasm_gc_set),
            Setting("function-references", false, wasmtime_config_wasm_function_references_set),
            Setting("relaxed-simd", false, wasmtime_config_wasm_relaxed_simd_set),
            Setting("wide-arithmetic", false, wasmtime_config_wasm_wide_arithmetic_set),
            Setting("stack-switching", false, wasmtime_config_wasm_stack_switching_set),
            Setting("custom-page-sizes", false, wasmtime_config_wasm_custom_page_sizes_set),
            Setting("branch-hinting", false, wasmtime_config_wasm_branch_hinting_set),
            Setting("compact-imports", false, wasmtime_config_wasm_compact_imports_set),
            Setting("component-model", false, wasmtime_config_wasm_component_model_set),
        ]
    }

    /// A short name for the instruction sets the kernel reports: FNV-1a over their sorted list.
    private static func processorKey() -> String {
        guard let file = unsafe fopen("/proc/cpuinfo", "r") else { return "unknown" }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        while unsafe getline(&line, &capacity, file) > 0 {
            guard let start = unsafe line else { break }
            let text = unsafe String(cString: start)
            guard text.hasPrefix("flags") || text.hasPrefix("Features") else { continue }
            let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" }.sorted()
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in words.joined(separator: " ").utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            return String(hash, radix: 16)
        }
        return "unknown"
    }
}
