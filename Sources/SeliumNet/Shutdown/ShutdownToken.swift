/// Tells whoever holds it that the service is ending: accept loops, reads and writes take one.
///
/// A value of a ``GracefulShutdown``; it keeps that alive.
public struct ShutdownToken: Sendable {
    private let controller: GracefulShutdown

    init(_ controller: GracefulShutdown) {
        self.controller = controller
    }

    /// Whether it has begun.
    public var isShuttingDown: Bool { controller.isShuttingDown }

    /// Returns when the shutdown begins, or the task is cancelled.
    public func wait() async {
        await controller.waitForBegin()
    }

    /// Work begins that the shutdown waits for; see ``GracefulShutdown/track()``.
    public func track() -> ConnectionGuard { controller.track() }

    /// Calls `action` once when the shutdown begins, on the thread that begins it; nil when it has
    /// begun already and nothing will be called.
    func register(_ action: @escaping @Sendable () -> Void) -> ShutdownMachine.Token? {
        controller.register(action)
    }

    func remove(_ registration: ShutdownMachine.Token) {
        controller.remove(registration)
    }
}
