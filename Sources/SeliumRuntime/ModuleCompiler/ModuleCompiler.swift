import CPosix
import Dispatch
import Glibc
import SeliumKernel
import SeliumWasm
import Synchronization

/// Compiles modules in a child process, because a compiler cannot be stopped, and a hostile module
/// makes it take minutes, gigabytes, or the whole process with it.
///
/// The child is `compiler compile-module` with an empty environment, the wasm as descriptor 3, the
/// output as 4, and a pipe for its words as 2. It limits itself before it reads a byte; the parent
/// bounds the time that passes.
public struct ModuleCompiler: ModuleCompiling {
    public struct Configuration: Sendable {
        /// The executable whose main calls `childMain` for the argument `compile-module`.
        public var compiler: String
        /// Address space of the child, bytes.
        public var addressSpace: UInt64 = Limits.compileAddressSpace
        /// CPU time of the child, seconds.
        public var cpuSeconds: UInt64 = Limits.compileCPUSeconds
        /// How long the child may take in all, seconds: it goes behind everything else on the
        /// machine, so it gets more than its CPU time.
        public var patienceSeconds: UInt64 = Limits.compileSeconds

        public init(compiler: String) { self.compiler = compiler }
    }

    /// The only argument of the child.
    public static let argument = "compile-module"

    private let configuration: Configuration

    public init(_ configuration: Configuration) { self.configuration = configuration }

    /// Compiles. The output is complete and of this engine when this returns; what was written
    /// before a failure is worthless. Cancelling the task ends the child.
    public func compile(wasm: Int32, to output: Int32) async throws(CompileFailure) {
        let stop = CompilerStop()
        let result: Result<Void, CompileFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Waits for the child for minutes, so on a thread of its own: a serial queue brings
                // one. The threads of a concurrent queue are as few as the processors, and timers
                // need them: the server's clock, too. How many compile at once is the module
                // store's to bound.
                DispatchQueue(label: "selium-compile").async {
                    continuation.resume(returning: run(wasm: wasm, output: output, stop))
                }
            }
        } onCancel: {
            stop.request()
        }
        try result.get()
    }

    private func run(wasm: Int32, output: Int32, _ stop: CompilerStop) -> Result<
        Void, CompileFailure
    > {
        do throws(ModuleScanner.Refusal) {
            _ = try ModuleScanner().scan(descriptor: wasm)
        } catch {
            return .failure(
                error.isUnread ? .unavailable(error.description) : .invalid(error.description))
        }
        do throws(CompileFailure) {
            let end = try CompilerProcess.run(configuration, wasm: wasm, output: output, stop)
            if let failure = end.failure(cpuSeconds: configuration.cpuSeconds) {
                return .failure(failure)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}

/// Asks a compile to end, also one whose child has not begun.
final class CompilerStop: Sendable {
    private struct Contents {
        var isRequested = false
        /// A process descriptor while the child lives.
        var child: Int32?
    }

    private let contents = Mutex(Contents())

    func request() {
        contents.withLock { contents in
            contents.isRequested = true
            // Under the lock: the descriptor must not be closed, and its number reused, meanwhile.
            if let child = contents.child { _ = cposix_kill_process(child) }
        }
    }

    /// A child began; false when it should not have.
    func began(_ child: Int32) -> Bool {
        contents.withLock { contents in
            contents.child = child
            return !contents.isRequested
        }
    }

    func ended() { contents.withLock { $0.child = nil } }

    var isRequested: Bool { contents.withLock { $0.isRequested } }
}
