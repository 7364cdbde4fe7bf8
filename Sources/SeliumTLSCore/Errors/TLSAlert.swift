/// A TLS alert (RFC 8446 §6), by its registered number.
///
/// QUIC carries alerts as the transport error 0x0100 + alert (RFC 9001 §4.8).
public struct TLSAlert: RawRepresentable, Hashable, Sendable {
    /// The registered number, one octet on the wire.
    public let rawValue: UInt8

    /// Wraps any number, known here or not.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The alert inside a QUIC transport error code, or nil when the code is of another kind.
    public init?(quicErrorCode code: UInt64) {
        guard code >= 0x100, code <= 0x1ff else { return nil }
        self.rawValue = UInt8(truncatingIfNeeded: code)
    }

    /// The QUIC transport error code that carries this alert.
    public var quicErrorCode: UInt64 { 0x100 + UInt64(self.rawValue) }

    /// close_notify
    public static let closeNotify = TLSAlert(rawValue: 0)
    /// unexpected_message
    public static let unexpectedMessage = TLSAlert(rawValue: 10)
    /// handshake_failure: nothing in common that was needed.
    public static let handshakeFailure = TLSAlert(rawValue: 40)
    /// bad_certificate
    public static let badCertificate = TLSAlert(rawValue: 42)
    /// unsupported_certificate: its purpose or kind does not fit.
    public static let unsupportedCertificate = TLSAlert(rawValue: 43)
    /// certificate_revoked
    public static let certificateRevoked = TLSAlert(rawValue: 44)
    /// certificate_expired
    public static let certificateExpired = TLSAlert(rawValue: 45)
    /// certificate_unknown
    public static let certificateUnknown = TLSAlert(rawValue: 46)
    /// illegal_parameter
    public static let illegalParameter = TLSAlert(rawValue: 47)
    /// unknown_ca
    public static let unknownCA = TLSAlert(rawValue: 48)
    /// access_denied
    public static let accessDenied = TLSAlert(rawValue: 49)
    /// decode_error
    public static let decodeError = TLSAlert(rawValue: 50)
    /// decrypt_error
    public static let decryptError = TLSAlert(rawValue: 51)
    /// protocol_version
    public static let protocolVersion = TLSAlert(rawValue: 70)
    /// internal_error
    public static let internalError = TLSAlert(rawValue: 80)
    /// missing_extension
    public static let missingExtension = TLSAlert(rawValue: 109)
    /// unrecognized_name
    public static let unrecognizedName = TLSAlert(rawValue: 112)
    /// certificate_required: the server wants a client certificate and got none.
    public static let certificateRequired = TLSAlert(rawValue: 116)
    /// no_application_protocol: no ALPN protocol in common.
    public static let noApplicationProtocol = TLSAlert(rawValue: 120)

    /// Whether the alert says that our certificate, or its absence, is the reason.
    public var isAboutCertificate: Bool {
        switch self {
        case .badCertificate, .unsupportedCertificate, .certificateRevoked, .certificateExpired,
            .certificateUnknown, .unknownCA, .accessDenied, .certificateRequired:
            true
        default:
            false
        }
    }
}

extension TLSAlert: CustomStringConvertible {
    /// The registered name, or the number of one that has none here.
    public var description: String {
        switch self {
        case .closeNotify: "close_notify"
        case .unexpectedMessage: "unexpected_message"
        case .handshakeFailure: "handshake_failure"
        case .badCertificate: "bad_certificate"
        case .unsupportedCertificate: "unsupported_certificate"
        case .certificateRevoked: "certificate_revoked"
        case .certificateExpired: "certificate_expired"
        case .certificateUnknown: "certificate_unknown"
        case .illegalParameter: "illegal_parameter"
        case .unknownCA: "unknown_ca"
        case .accessDenied: "access_denied"
        case .decodeError: "decode_error"
        case .decryptError: "decrypt_error"
        case .protocolVersion: "protocol_version"
        case .internalError: "internal_error"
        case .missingExtension: "missing_extension"
        case .unrecognizedName: "unrecognized_name"
        case .certificateRequired: "certificate_required"
        case .noApplicationProtocol: "no_application_protocol"
        default: "alert \(self.rawValue)"
        }
    }
}
