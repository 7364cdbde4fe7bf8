public import SeliumABI
public import SeliumWasm

/// Every function this server offers to guests.
public enum HostFunctions {
    /// All groups together.
    public static var all: [HostFunction] {
        WASI.functions + ProcessCalls.functions + HandleCalls.functions + LogCalls.functions
            + TimeCalls.functions
    }

    /// A linker of them, to be made once for an engine. Unknown functions of WASI answer ENOSYS, as
    /// programs for newer versions of it expect; all others trap and say their name.
    public static func makeLinker(_ engine: Engine) throws(WasmError) -> Linker {
        try Linker(
            engine, functions: all,
            unknownResults: [WASI.module: Int32(Errno.notImplemented.rawValue)])
    }

    /// The capability without which an import does nothing useful; nil when it needs none.
    public static func capability(module: String, name: String) -> Capability? {
        switch module {
        case WASI.module: WASI.capabilities[name]
        case TimeCalls.module where TimeCalls.names.contains(name): .timeRead
        default: nil
        }
    }

    /// Whether an import of ours takes places in the guest's memory. Not for unknown ones.
    static func usesMemory(module: String, name: String) -> Bool {
        switch module {
        case WASI.module: WASI.memoryCalls.contains(name)
        case ProcessCalls.module: ProcessCalls.memoryCalls.contains(name)
        case HandleCalls.module: HandleCalls.memoryCalls.contains(name)
        case LogCalls.module: LogCalls.memoryCalls.contains(name)
        case TimeCalls.module: TimeCalls.memoryCalls.contains(name)
        default: false
        }
    }
}
