import Foundation
import SeliumHosting
import SeliumRuntime
import SeliumTLSCore
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

/// Notes what it compiles, and how much at once; waits in its first compile until the test goes on.
final class SteppedCompiler: ModuleCompiling {
    private struct Notes {
        var begun: [[UInt8]] = []
        var running = 0
        var most = 0
        var isOpen = false
    }

    private let compiler = InProcessCompiler()
    private let notes = Mutex(Notes())

    /// The digests of the modules, in the order in which they came.
    var begun: [[UInt8]] { notes.withLock { $0.begun } }
    /// How many there were at the same time.
    var most: Int { notes.withLock { $0.most } }

    func allowAll() { notes.withLock { $0.isOpen = true } }

    func compile(wasm: Int32, to output: Int32) async throws(CompileFailure) {
        let file = FileHandle(fileDescriptor: wasm, closeOnDealloc: false)
        try? file.seek(toOffset: 0)
        let digest = SHA256.hash(Array((try? file.readToEnd()) ?? Data()))
        notes.withLock { notes in
            notes.begun.append(digest)
            notes.running += 1
            notes.most = max(notes.most, notes.running)
        }
        defer { notes.withLock { $0.running -= 1 } }
        while !notes.withLock({ $0.isOpen }) {
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
