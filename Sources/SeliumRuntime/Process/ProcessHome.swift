import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumWasm
import Synchronization

/// What a process keeps over its incarnations: what it was started with, its log, its stdin, and the
/// module, once that is loaded.
final class ProcessHome: Sendable {
    /// What an incarnation is made of.
    struct Program: Sendable {
        var module: LoadedModule
        var plan: StartPlan
    }

    private enum Loading: Sendable {
        /// It is one of an earlier run, whose module is not loaded yet.
        case awaited
        case loaded(Program)
        case failed(HostError)
    }

    let id: ProcessID
    let spec: StartSpec
    let output: ProcessOutput
    /// nil: stdin is empty. Bytes that one incarnation has not read are the next one's.
    let input: ProcessInput?
    let authority: ProcessAuthority
    let memoryLimit: UInt64
    private let loading: Mutex<Loading>
    /// Rings at the machine's deadline; 0 when there is none.
    private let timer = Mutex<UInt64>(0)

    var namespace: Namespace { spec.namespace }

    /// Whether its state, and what it was started with, is on disk while it lives.
    var isRestartable: Bool { spec.policy.mode != .no }

    /// - Parameter program: nil for one of an earlier run.
    init(
        id: ProcessID, spec: StartSpec, output: ProcessOutput, memoryLimit: UInt64,
        program: Program?
    ) {
        self.id = id
        self.spec = spec
        self.output = output
        self.memoryLimit = memoryLimit
        input = spec.takesInput ? ProcessInput() : nil
        authority = ProcessAuthority(
            CapabilitySet(spec.grants.map(\.capability)), output: output)
        loading = Mutex(program.map { .loaded($0) } ?? .awaited)
    }

    /// The module came, or why it did not.
    func loaded(_ program: Result<Program, HostError>) {
        loading.withLock { loading in
            switch program {
            case .success(let program): loading = .loaded(program)
            case .failure(let error): loading = .failed(error)
            }
        }
    }

    /// What the next incarnation is made of.
    func program() throws(HostError) -> Program {
        switch loading.withLock({ $0 }) {
        case .loaded(let program): return program
        case .failed(let error): throw error
        case .awaited: throw HostError(.unavailable, "its module is not loaded yet")
        }
    }

    /// Puts another timer in the place of the one that is set, 0 when there is none; nobody else does
    /// meanwhile.
    func replaceTimer(_ replace: (UInt64) -> UInt64) {
        timer.withLock { $0 = replace($0) }
    }
}
