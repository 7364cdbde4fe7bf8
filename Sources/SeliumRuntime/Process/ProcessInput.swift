import SeliumHosting
import SeliumKernel

/// The stdin of a process that takes input: bounded bytes between its writer and its guest.
final class ProcessInput: GuestInput {
    private struct State: Sendable {
        var buffer = InputBuffer(takesInput: true)
        /// The guest, when it waits.
        var resume: (@Sendable () -> Void)?
    }

    /// Writers wait here for room; there is nothing else to wait for.
    private enum Key: Hashable, Sendable { case room }

    private let state = Monitor<State, Key>(State())

    // MARK: The guest's side

    func read(atMost limit: Int) -> InputBuffer.Reading {
        state.update { state, wakes in
            let reading = state.buffer.read(atMost: limit)
            if case .bytes = reading { wakes.wake(.room) }
            return reading
        }
    }

    var readable: Int? {
        state.withLock { $0.buffer.isReadable ? $0.buffer.count : nil }
    }

    func onReadable(_ resume: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if state.buffer.isReadable { return true }
            state.resume = resume
            return false
        }
        if now { resume() }
    }

    // MARK: The writer's side

    func open() throws(HostError) -> UInt64 {
        try state.withLock { (state) throws(HostError) in
            try hosted { () throws(KernelError) in try state.buffer.open() }
        }
    }

    func release(_ token: UInt64) { state.withLock { $0.buffer.release(token) } }

    /// Writes all of it, waiting for the guest where it has to.
    func write(_ bytes: [UInt8], end: Bool, token: UInt64) async throws(HostError) {
        var rest = bytes[...]
        repeat {
            var resume: (@Sendable () -> Void)?
            let taken = try await state.wait(for: .room) { (state, _) throws(HostError) -> Int? in
                let taken = try hosted { () throws(KernelError) in
                    try state.buffer.write(rest, token: token)
                }
                if taken == rest.count, end { state.buffer.finish(token: token) }
                if state.buffer.isReadable {
                    resume = state.resume
                    state.resume = nil
                }
                return taken > 0 || rest.isEmpty ? taken : nil
            }
            resume?()
            rest = rest.dropFirst(taken)
        } while !rest.isEmpty
    }

    /// The process ended: its writer waits no longer.
    func close() {
        state.update { state, wakes in
            state.buffer.close()
            state.resume = nil
            wakes.wake(.room)
        }
    }
}

/// The stdin of a process that takes none: it has ended from the start.
struct NoInput: GuestInput {
    func read(atMost limit: Int) -> InputBuffer.Reading { .end }
    var readable: Int? { 0 }
    func onReadable(_ resume: @escaping @Sendable () -> Void) { resume() }
}
