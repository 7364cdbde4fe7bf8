import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumWasm

/// A start that was judged: nothing of the module ran yet.
struct StartPlan: Sendable {
    var report: StartReport
    var entry: EntryPlan
    var limits: GuestLimits
    var granted: CapabilitySet
    /// Bytes that count for a namespace from the start: what its memory begins with; all it may have
    /// where nobody could see it grow.
    var firstMemory: UInt64
    var hidesMemory: Bool
    /// The limit that counts as a whole because nobody could see the memory grow; else nil.
    var hidden: UInt64? { hidesMemory ? limits.memory : nil }

    /// Judges entrypoint, arguments, imports and limits. Fails with `invalidArgument` or
    /// `resourceExhausted`.
    init(_ spec: StartSpec, _ module: LoadedModule) throws(HostError) {
        granted = CapabilitySet(spec.grants.map(\.capability))
        let notes = module.notes(granted: granted)
        if spec.strict, let first = notes.first { throw Self.strict(first, count: notes.count) }
        let name = spec.entrypoint ?? module.defaultEntrypoint
        do throws(WasmError) {
            entry = try EntryPlan(
                Entrypoint(
                    name, arguments: try Self.arguments(spec, name), results: try Self.results(spec)
                ),
                exports: module.prepared.module.exports)
        } catch {
            throw HostError(.invalidArgument, error.message)
        }
        if let blind = module.blindImport {
            throw HostError(
                .invalidArgument,
                "the module imports \(blind), which needs its memory, and does not export that as \"memory\"",
                remedy: "export it under that name")
        }
        let memory = try Self.memory(spec, module)
        hidesMemory = module.hidesMemory
        firstMemory = hidesMemory ? memory : module.initialMemory
        limits = GuestLimits(
            memory: memory, tableElements: UInt32(Limits.processTableElements),
            tables: UInt32(Limits.processTables)
        )
        report = StartReport(
            id: nil, digest: module.digest, entrypoint: name,
            grants: Set(spec.grants).sorted { $0.capability.rawValue < $1.capability.rawValue },
            notes: notes)
    }

    private static func strict(_ note: ImportNote, count: Int) -> HostError {
        // Cleaned when the module was loaded: once more would escape the escapes.
        let shown = "\(note.module).\(note.name)"
        let others = count > 1 ? " (and \(count - 1) more)" : ""
        guard let capability = note.capability else {
            return HostError(
                .invalidArgument,
                "the module imports \(shown), which this server does not have\(others)",
                remedy: "start it without --strict to run it up to the call")
        }
        return HostError(
            .invalidArgument,
            "the module imports \(shown), which needs \(capability.name)\(others)",
            remedy: "grant it: --capabilities \(capability.name)")
    }

    private static func memory(
        _ spec: StartSpec, _ module: LoadedModule
    ) throws(HostError) -> UInt64 {
        let limit = spec.memoryLimit ?? Limits.processMemory
        guard module.initialMemory <= limit else {
            // Memory comes in pages of 64 KiB.
            let kibibytes = module.initialMemory >> 10
            let wanted = kibibytes % 1024 == 0 ? "\(kibibytes >> 10)MiB" : "\(kibibytes)KiB"
            throw HostError(
                .invalidArgument,
                "the module begins with \(wanted) of memory, more than its limit",
                remedy: "allow it: --memory \(wanted)")
        }
        return limit
    }

    /// A WASI command takes no parameters: its arguments are in argv.
    private static func arguments(_ spec: StartSpec, _ name: String) throws(WasmError)
        -> [EntryArgument]
    {
        guard name != "_start" else { return [] }
        return spec.arguments.map { argument in
            switch argument.value {
            case .i8(let value): .i32(Int32(value))
            case .u8(let value): .i32(Int32(value))
            case .i16(let value): .i32(Int32(value))
            case .u16(let value): .i32(Int32(value))
            case .i32(let value): .i32(value)
            case .u32(let value): .i32(Int32(bitPattern: value))
            case .i64(let value): .i64(value)
            case .u64(let value): .i64(Int64(bitPattern: value))
            case .f32(let value): .f32(value)
            case .f64(let value): .f64(value)
            case .buffer(let bytes): .bytes(bytes)
            case .utf8(let text): .bytes(Array(text.utf8))
            }
        }
    }

    /// nil when the starter declared none: then any numbers will do.
    private static func results(_ spec: StartSpec) throws(WasmError) -> [WasmKind]? {
        guard !spec.results.isEmpty else { return nil }
        var kinds: [WasmKind] = []
        for kind in spec.results {
            switch kind {
            case .i8, .u8, .i16, .u16, .i32, .u32: kinds.append(.i32)
            case .i64, .u64: kinds.append(.i64)
            case .f32: kinds.append(.f32)
            case .f64: kinds.append(.f64)
            case .buffer, .utf8, .resource:
                throw WasmError(
                    .badEntrypoint,
                    "a result of the kind \(kind.name) cannot be taken, only numbers")
            }
        }
        return kinds
    }

    /// argv: the module's name, every argument as it was written, what follows `--`.
    static func argv(_ spec: StartSpec) -> [String] {
        [spec.moduleName] + spec.arguments.map(\.text) + spec.argv
    }
}
