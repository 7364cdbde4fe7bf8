internal import SeliumProtocol

extension ClientError {
    /// The server's `Error` frame.
    init(_ wire: WireError, requestID: String) {
        let detail: Detail =
            if wire.hasDenial {
                .denial(Denial(wire.denial))
            } else if wire.hasRange {
                .logRange(oldest: wire.range.oldest, last: wire.range.last)
            } else if !wire.field.isEmpty {
                .field(wire.field)
            } else if !wire.reference.isEmpty {
                .reference(wire.reference)
            } else {
                .none
            }
        self.init(
            Code(ErrorCode(wire.code)), wire.message, remedy: wire.remedy,
            isRetryable: wire.retryable,
            requestID: requestID, detail: detail)
    }
}

extension ClientError.Code {
    fileprivate init(_ code: ErrorCode) {
        switch code {
        case .cancelled: self = .cancelled
        case .ok, .unknown: self = .unknown
        case .invalidArgument: self = .invalidArgument
        case .deadlineExceeded: self = .deadlineExceeded
        case .notFound: self = .notFound
        case .alreadyExists: self = .alreadyExists
        case .permissionDenied: self = .permissionDenied
        case .resourceExhausted: self = .resourceExhausted
        case .failedPrecondition: self = .failedPrecondition
        case .aborted: self = .aborted
        case .outOfRange: self = .outOfRange
        case .unimplemented: self = .unimplemented
        case .internal: self = .internal
        case .unavailable: self = .unavailable
        case .dataLoss: self = .dataLoss
        case .unauthenticated: self = .unauthenticated
        }
    }
}

extension Denial {
    init(_ wire: WireDenial) {
        self.init(
            capability: wire.capability, resource: wire.resource, nearestGrant: wire.nearestGrant,
            difference: wire.difference, role: wire.role, rolePermits: wire.rolePermits)
    }
}
