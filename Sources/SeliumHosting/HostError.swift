public import SeliumKernel

/// Why a host did not do what it was asked. The server turns it into an answer on the wire; the
/// code decides, the text is for people and holds nothing of the host (no paths, no SQL).
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// gRPC's canonical list, as far as a host uses it.
    public enum Code: Sendable, Hashable {
        case invalidArgument
        case notFound
        case alreadyExists
        case aborted
        case failedPrecondition
        case outOfRange
        case dataLoss
        case permissionDenied
        case resourceExhausted
        case unavailable
        case cancelled
        case `internal`
    }

    public var code: Code
    /// One sentence, no full stop at the end.
    public var message: String
    /// What to do next, or empty.
    public var remedy: String
    /// Whether the same request may succeed later.
    public var isRetryable: Bool
    /// For `permissionDenied`.
    public var denial: Denial?
    /// For `outOfRange` of a log position.
    public var range: LogRange?

    public init(
        _ code: Code, _ message: String, remedy: String = "", isRetryable: Bool = false,
        denial: Denial? = nil,
        range: LogRange? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.denial = denial
        self.range = range
    }

    public var description: String { remedy.isEmpty ? message : "\(message)\n\(remedy)" }
}

extension HostError {
    /// What a table or machine of the process world refused, as a host says it.
    public init(_ error: KernelError) {
        let code: Code
        var range: LogRange?
        switch error.code {
        case .invalid: code = .invalidArgument
        case .notFound: code = .notFound
        case .nameTaken: code = .alreadyExists
        case .exhausted: code = .resourceExhausted
        case .denied: code = .permissionDenied
        case .busy, .ended: code = .failedPrecondition
        case .mismatch, .superseded: code = .aborted
        case .corrupt: code = .dataLoss
        case .outOfRange(let existing):
            code = .outOfRange
            range = existing
        }
        self.init(
            code, error.message, remedy: error.remedy, isRetryable: code == .resourceExhausted,
            range: range)
    }

    /// The waiting task was cancelled.
    public static var cancelled: HostError { HostError(.cancelled, "cancelled") }

    /// It lives, and only what has ended can be forgotten.
    public static func isAlive(_ id: ProcessID) -> HostError {
        HostError(
            .failedPrecondition, "process \(id) has not ended",
            remedy: "stop it first: selium stop \(id), or say --force")
    }

    /// It has ended for good, and its log with it.
    public static func hasEnded(_ id: ProcessID) -> HostError {
        HostError(
            .failedPrecondition, "process \(id) has ended", remedy: "start it anew: selium start")
    }

    /// Somebody wants it to end.
    public static func beingStopped(_ id: ProcessID) -> HostError {
        HostError(.failedPrecondition, "process \(id) is being stopped")
    }

    /// No process has this id (any more).
    public static func noProcess(_ id: ProcessID) -> HostError {
        HostError(.notFound, "no process \(id)")
    }
}

/// Runs a step of a pure machine and turns its refusal into a host's.
public func hosted<R>(_ step: () throws(KernelError) -> R) throws(HostError) -> R {
    do throws(KernelError) {
        return try step()
    } catch {
        throw HostError(error)
    }
}
