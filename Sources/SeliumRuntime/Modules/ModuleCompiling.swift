/// Turns wasm into native code, somewhere where it can be stopped.
public protocol ModuleCompiling: Sendable {
    /// Reads the module from one descriptor (at its beginning) and writes native code to the other.
    func compile(wasm: Int32, to output: Int32) async throws(CompileFailure)
}

/// Why a module was not compiled.
public enum CompileFailure: Error, Sendable, Hashable {
    /// The module is not valid, or uses a feature that is off; the compiler's words, cleaned.
    case invalid(String)
    /// It took more than it may: `memory` or `time`.
    case tooCostly(String)
    /// Nothing is known about the module: the compiler could not be run, or was cancelled.
    case unavailable(String)
}
