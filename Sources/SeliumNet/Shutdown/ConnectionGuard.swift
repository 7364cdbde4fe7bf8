internal import Synchronization

/// A piece of work that a shutdown waits for: until ``end()``, or until nobody holds it any more.
public final class ConnectionGuard: Sendable {
    private let controller: GracefulShutdown
    private let piece: ShutdownMachine.Work

    init(_ controller: GracefulShutdown, _ piece: ShutdownMachine.Work) {
        self.controller = controller
        self.piece = piece
    }

    deinit { end() }

    /// The work has ended. A second time changes nothing.
    public func end() {
        controller.ended(piece)
    }
}
