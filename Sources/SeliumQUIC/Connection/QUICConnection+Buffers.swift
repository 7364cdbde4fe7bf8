internal import NIOCore

extension QUICConnection {
    /// Bytes of all its streams that this side holds now: what arrived and was not read, and what was
    /// written and not acknowledged. Without a suspension for a task on ``taskExecutor``.
    public func bufferedBytes() async -> Int {
        if loop.inEventLoop { return state.core.bufferedCount }
        let (state, loop) = (self.state, self.loop)
        return await withCheckedContinuation { continuation in
            loop.perform { continuation.resume(returning: state.core.bufferedCount) }
        }
    }
}
