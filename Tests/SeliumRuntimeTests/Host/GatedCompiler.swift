import SeliumHosting
import SeliumRuntime
import Synchronization

/// Compiles once the test says so.
final class GatedCompiler: ModuleCompiling {
    private let compiler = InProcessCompiler()
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func compile(wasm: Int32, to output: Int32) async throws(CompileFailure) {
        while !isOpen.load(ordering: .acquiring) {
            guard !Task.isCancelled else { throw .unavailable("cancelled") }
            await Task.yield()
        }
        try await compiler.compile(wasm: wasm, to: output)
    }
}

/// What a start said that it waits for.
final class PhaseNotes: Sendable {
    private let phases = Mutex<[StartPhase]>([])

    var all: [StartPhase] { phases.withLock { $0 } }

    @Sendable func note(_ phase: StartPhase) { phases.withLock { $0.append(phase) } }
}
