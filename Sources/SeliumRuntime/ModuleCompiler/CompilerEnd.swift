import Glibc
import SeliumWasm

/// How a compiling child ended, and what it said.
struct CompilerEnd: Sendable, Hashable {
    /// What the child tells by its exit code; everything else is a crash.
    enum Code: Int32, Sendable {
        case compiled = 0
        case invalid = 65
        case outOfMemory = 71
        case cannotWrite = 74
    }

    /// nil when a signal ended it.
    var exitCode: Int32?
    /// 0 when it exited.
    var signal: Int32 = 0
    /// The parent killed it when its time was over.
    var wasOverdue = false
    /// The parent killed it because nobody wants the result any more.
    var wasCancelled = false
    /// User and system time, microseconds.
    var cpuMicroseconds: Int64 = 0
    /// At most `CompilerProcess.maximumWords` bytes.
    var words: [UInt8] = []

    /// What that means for the module; nil: it was compiled.
    func failure(cpuSeconds: UInt64) -> CompileFailure? {
        if wasCancelled { return .unavailable("the compilation was cancelled") }
        if wasOverdue { return .tooCostly("time") }
        let text = String(decoding: words, as: UTF8.self)
        if let exitCode {
            switch Code(rawValue: exitCode) {
            case .compiled: return nil
            case .invalid: return .invalid(Self.printable(text))
            case .outOfMemory: return .tooCostly("memory")
            case .cannotWrite: return .unavailable("the compiled module cannot be written")
            case nil: return .unavailable("the compiler ended with code \(exitCode)")
            }
        }
        switch signal {
        case SIGXCPU: return .tooCostly("time")
        case SIGXFSZ: return .tooCostly("memory")
        case SIGKILL:
            // The kernel's: the hard limit of CPU time, or the machine was out of memory, which says
            // nothing about the module: whoever took it, this process goes first.
            let limit = Int64(clamping: cpuSeconds).multipliedReportingOverflow(by: 1_000_000)
                .partialValue
            return cpuMicroseconds >= limit - 1_000_000
                ? .tooCostly("time") : .unavailable("the machine ran out of memory")
        case SIGABRT where text.contains("memory allocation of"):
            // The engine gives up like this when the address space is used up.
            return .tooCostly("memory")
        case SIGTERM, SIGINT, SIGHUP: return .unavailable("the compiler was told to end")
        default: return .invalid("the compiler crashed on this module (signal \(signal))")
        }
    }

    /// The child cleans its words; what it should not have let through is left out.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }))
    }
}
