internal import CPosix

/// How a call on a socket ended badly, before it is known what for.
enum Failure: Error {
    /// An errno.
    case system(Int32)
    case cancelled
    case shutDown
    case timedOut
    /// Closed on this side.
    case closed
    /// ``Readiness/maximumWaiters`` tasks wait already.
    case crowded
}
