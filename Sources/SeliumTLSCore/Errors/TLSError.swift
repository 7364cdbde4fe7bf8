/// Why a TLS context was not made, or a handshake failed.
///
/// Decide by `code`; `message` is for people. What a command needs for its own words (names and
/// dates of the certificate in question, the alert) is here as values.
public struct TLSError: Error, Hashable, Sendable {
    /// The kinds of failure. More may come; compare, never switch exhaustively.
    public struct Code: Hashable, Sendable {
        private enum Kind: Hashable, Sendable {
            case unreadableCertificate, unreadablePrivateKey, unreadableTrustRoots, keyMismatch
            case unsuitableCertificate, invalidResumption
            case invalidProtocols, invalidServerName, outOfMemory
            case unknownIssuer, expired, notYetValid, wrongName, wrongPurpose, chainTooLong
            case invalidCertificate, noCertificate, noCommonProtocol, refusedByPeer
            case handshakeFailed
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        // Of our own configuration.

        /// The certificate text is neither PEM nor DER of a certificate.
        public static let unreadableCertificate = Code(.unreadableCertificate)
        /// The key text is neither PEM nor DER of a private key, or it is encrypted.
        public static let unreadablePrivateKey = Code(.unreadablePrivateKey)
        /// The trust roots are unreadable, or there are none.
        public static let unreadableTrustRoots = Code(.unreadableTrustRoots)
        /// The private key is not the one of the certificate.
        public static let keyMismatch = Code(.keyMismatch)
        /// The certificate may not be used in a handshake, as that of a CA.
        public static let unsuitableCertificate = Code(.unsuitableCertificate)
        /// An ALPN protocol is empty or longer than 255 bytes, or there is none.
        public static let invalidProtocols = Code(.invalidProtocols)
        /// The server's name is neither a host name nor an IP address.
        public static let invalidServerName = Code(.invalidServerName)
        /// A ticket's lifetime or key is out of bounds.
        public static let invalidResumption = Code(.invalidResumption)
        /// No memory for the TLS objects.
        public static let outOfMemory = Code(.outOfMemory)

        // Of the other side's certificate, judged here.

        /// It does not chain to one of our trust roots ("of another CA").
        public static let unknownIssuer = Code(.unknownIssuer)
        /// It, or a CA above it, has expired; see `certificate.notAfter`.
        public static let certificateExpired = Code(.expired)
        /// It, or a CA above it, is not valid yet; see `certificate.notBefore`.
        public static let certificateNotYetValid = Code(.notYetValid)
        /// It is for other names; see `certificate.hostNames` and `expectedName`.
        public static let wrongName = Code(.wrongName)
        /// Its extended key usage is missing or is not for this side of a connection.
        public static let wrongPurpose = Code(.wrongPurpose)
        /// More than four certificates, or more than 16 KiB of them.
        public static let chainTooLong = Code(.chainTooLong)
        /// Anything else that is wrong with it.
        public static let invalidCertificate = Code(.invalidCertificate)
        /// The client showed none.
        public static let noCertificate = Code(.noCertificate)

        // Of the handshake.

        /// No ALPN protocol in common.
        public static let noCommonProtocol = Code(.noCommonProtocol)
        /// The other side refused us with an alert; see `alert`.
        public static let refusedByPeer = Code(.refusedByPeer)
        /// Anything else; see `alert`.
        public static let handshakeFailed = Code(.handshakeFailed)
    }

    /// What kind of failure.
    public let code: Code
    /// One line for people, without secrets.
    public let message: String
    /// The alert sent by us or received from the other side.
    public let alert: TLSAlert?
    /// The certificate the failure is about: the other side's leaf, or a CA above it.
    public let certificate: Certificate?
    /// The name that the other side's certificate was to be for.
    public let expectedName: String?

    init(
        _ code: Code, _ message: String, alert: TLSAlert? = nil, certificate: Certificate? = nil,
        expectedName: String? = nil
    ) {
        self.code = code
        self.message = message
        self.alert = alert
        self.certificate = certificate
        self.expectedName = expectedName
    }

    /// The failure that a received alert means.
    ///
    /// - Parameter alert: what the other side sent; over QUIC it comes inside CONNECTION_CLOSE, see
    ///   ``TLSAlert/init(quicErrorCode:)``.
    public static func received(_ alert: TLSAlert) -> TLSError {
        if alert == .noApplicationProtocol {
            return TLSError(
                .noCommonProtocol, "the other side speaks none of our protocols", alert: alert)
        }
        return TLSError(.refusedByPeer, "the other side refused: \(alert)", alert: alert)
    }
}

extension TLSError: CustomStringConvertible {
    /// The message.
    public var description: String { self.message }
}
