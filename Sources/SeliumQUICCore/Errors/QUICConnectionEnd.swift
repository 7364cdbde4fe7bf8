/// Why a connection is over.
public enum QUICConnectionEnd: Hashable, Sendable {
    /// We closed it with this application code.
    case closedLocally(code: UInt64)
    /// The other side closed it. `isTransport` tells RFC 9000 §20.1 codes from the application's.
    case closedByPeer(code: UInt64, isTransport: Bool, reason: String)
    /// The other side's application let go of the connection before both sides had keys for good,
    /// as a client does that leaves right after its handshake. Its own code is not told then: the
    /// close says APPLICATION_ERROR (RFC 9000 §10.2.3).
    case leftByPeer
    /// Nothing was heard for the idle timeout.
    case idle
    /// The handshake was not complete in time; `heardAnything` is false when nothing came that
    /// only the other side can have made.
    case handshakeTimeout(heardAnything: Bool)
    /// TLS failed on our side: mostly the other side's certificate.
    case handshakeFailed(TLSError)
    /// TLS failed on the other side: `TLSError.alert` says how.
    case refusedByPeer(TLSError)
    /// No QUIC version in common.
    case versionMismatch
    /// The other side does not know the connection any more (RFC 9000 §10.3).
    case statelessReset
    /// Nothing listens at the address (ICMP port unreachable).
    case unreachable
    /// Its address said so during the connection, and it did not answer any more: the other side
    /// ended without a word.
    case peerGone
    /// The other side broke the protocol or a limit; the code is what we closed with.
    case violation(code: UInt64, isTransport: Bool, detail: String)
    /// A fault of our own.
    case failed(detail: String)

    /// The transport code that stands for an application's before there are keys for good.
    static let applicationError: UInt64 = 0xc

    /// The error that operations on the ended connection throw.
    public var error: QUICError {
        switch self {
        case .closedLocally(let code):
            QUICError(.closed, "the connection was closed here (code \(code))")
        case .closedByPeer(let code, let isTransport, let reason):
            Self.peerClosed(code, isTransport, reason)
        case .leftByPeer:
            QUICError(
                .peerClosed, "the other side left during the handshake",
                peerCode: Self.applicationError, isTransportCode: true)
        case .idle:
            QUICError(.idle, "nothing was heard for the idle timeout")
        case .handshakeTimeout(heardAnything: false):
            QUICError(.nothingHeard, "no answer")
        case .handshakeTimeout(heardAnything: true):
            QUICError(.handshakeTimeout, "the handshake was not complete in time")
        case .handshakeFailed(let error):
            QUICError(Self.code(failed: error), error.message, tls: error)
        case .refusedByPeer(let error):
            QUICError(Self.code(refused: error), error.message, tls: error)
        case .versionMismatch:
            QUICError(.versionMismatch, "the other side does not speak QUIC version 1")
        case .statelessReset:
            QUICError(.statelessReset, "the other side does not know the connection any more")
        case .unreachable:
            QUICError(.refused, "nothing listens there")
        case .peerGone:
            QUICError(.peerGone, "the other side is gone: nothing listens there any more")
        case .violation(_, _, let detail):
            QUICError(.protocolViolation, detail)
        case .failed(let detail):
            QUICError(.internalError, detail)
        }
    }

    private static func peerClosed(
        _ code: UInt64, _ isTransport: Bool, _ reason: String
    ) -> QUICError {
        if isTransport, code == 2 {
            return QUICError(
                .connectionRefused, "the server takes no new connection now", peerCode: code,
                isTransportCode: true)
        }
        let kind = isTransport ? "transport code" : "code"
        let text = "the other side closed the connection (\(kind) \(code))"
        return QUICError(
            .peerClosed, reason.isEmpty ? text : "\(text): \(reason)", peerCode: code,
            isTransportCode: isTransport)
    }

    private static func code(failed error: TLSError) -> QUICError.Code {
        switch error.code {
        case .noCommonProtocol: .protocolMismatch
        case .handshakeFailed: .handshakeFailed
        default: .verificationFailed
        }
    }

    private static func code(refused error: TLSError) -> QUICError.Code {
        if error.code == .noCommonProtocol { return .protocolMismatch }
        return error.alert?.isAboutCertificate == true ? .certificateRefused : .handshakeFailed
    }
}
