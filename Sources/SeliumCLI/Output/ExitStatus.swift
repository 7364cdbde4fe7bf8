internal import SeliumClient

/// The exit codes of `selium`, by name; the numbers are a promise to scripts.
struct ExitStatus: Hashable, Sendable {
    /// What the process returns.
    let code: Int32

    init(_ code: Int32) { self.code = code }

    static let ok = ExitStatus(0)
    static let failed = ExitStatus(1)
    static let notFound = ExitStatus(3)
    static let conflict = ExitStatus(4)
    static let usage = ExitStatus(64)
    static let invalidData = ExitStatus(65)
    static let noInput = ExitStatus(66)
    static let unreachable = ExitStatus(69)
    static let serverError = ExitStatus(70)
    static let tryAgain = ExitStatus(75)
    static let versionMismatch = ExitStatus(76)
    static let denied = ExitStatus(77)
    static let badConfiguration = ExitStatus(78)
    /// selium itself failed after the process was started, or the process was lost.
    static let lost = ExitStatus(125)
    static let interrupted = ExitStatus(130)
    static let trapped = ExitStatus(134)
    static let killed = ExitStatus(137)
    static let closedOutput = ExitStatus(141)
    static let terminated = ExitStatus(143)
}

extension ExitStatus {
    /// The code of a failed request.
    init(_ error: ClientError) {
        switch error.code {
        case .notFound: self = .notFound
        case .alreadyExists, .aborted, .failedPrecondition: self = .conflict
        case .invalidArgument, .outOfRange, .dataLoss: self = .invalidData
        case .permissionDenied, .unauthenticated: self = .denied
        case .resourceExhausted, .unavailable, .deadlineExceeded: self = .tryAgain
        case .unimplemented, .malformedAnswer: self = .versionMismatch
        case .cancelled: self = .interrupted
        case .connectionLost: self = .unreachable
        case .localFile: self = .noInput
        case .connectionFailed:
            self = error.connectionFailure.map(ExitStatus.init) ?? .unreachable
        default: self = .serverError
        }
    }

    /// The code of a connection that did not come about.
    init(_ failure: ConnectionFailure) {
        switch failure {
        case .nothingListening, .noAnswer, .unknownHost, .unavailable, .other:
            self = .unreachable
        case .refusedByServer: self = .denied
        case .protocolDiffers: self = .versionMismatch
        case .noCertificates, .unreadableFile, .invalidFile, .keyReadableByOthers, .foreignFile,
            .foreignAuthority, .serverCertificateExpired, .serverCertificateNotYetValid, .wrongName,
            .invalidServerCertificate, .ownCertificateExpired, .ownCertificateNotYetValid:
            self = .badConfiguration
        }
    }

    /// What a command that mirrors a process returns for its end.
    init(mirroring exit: ExitRecord) {
        switch exit.outcome {
        // A program that heard of the stop and simply returned did what it was told.
        case .returned: self = exit.stopRequested ? .terminated : .ok
        case .exited(let code): self = ExitStatus(Int32(truncatingIfNeeded: min(code, 255)))
        case .trapped: self = .trapped
        case .limit, .killed: self = .killed
        case .lost, .unknown: self = .lost
        case .startFailed: self = .invalidData
        }
    }
}
