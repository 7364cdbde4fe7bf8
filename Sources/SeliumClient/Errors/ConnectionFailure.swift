/// Why there is no connection: each has its own remedy, so each is a case.
///
/// Paths are as configured, hosts as asked for, times in seconds since 1970.
public enum ConnectionFailure: Sendable, Hashable {
    /// No directory of those tried holds a `client.crt`.
    case noCertificates(tried: [String])
    /// A file of the certificate directory is missing or cannot be read.
    case unreadableFile(path: String, reason: String)
    /// A file of the certificate directory is no certificate, or no key of it.
    case invalidFile(path: String, reason: String)
    /// The private key is readable by others; its mode.
    case keyReadableByOthers(path: String, mode: UInt32)
    /// The private key, or the directory, belongs to somebody else.
    case foreignFile(path: String, reason: String)
    /// The name has no address.
    case unknownHost(host: String, reason: String)
    /// The machine answers that nothing listens there.
    case nothingListening(host: String, port: UInt16, tried: [String])
    /// Nothing answered.
    case noAnswer(host: String, port: UInt16, seconds: Double)
    /// The server's certificate does not chain to our CA.
    case foreignAuthority(host: String, port: UInt16, caPath: String)
    /// The server's certificate has expired.
    case serverCertificateExpired(notAfter: Int64, now: Int64)
    /// The server's certificate is not valid yet.
    case serverCertificateNotYetValid(notBefore: Int64, now: Int64)
    /// The server's certificate is for other names.
    case wrongName(names: [String], host: String)
    /// Anything else that is wrong with the server's certificate.
    case invalidServerCertificate(host: String, port: UInt16, reason: String)
    /// Our own certificate has expired.
    case ownCertificateExpired(path: String, notAfter: Int64, now: Int64)
    /// Our own certificate is not valid yet.
    case ownCertificateNotYetValid(path: String, notBefore: Int64, now: Int64)
    /// The server refused our certificate; the name in it.
    case refusedByServer(name: String)
    /// The server speaks something else.
    case protocolDiffers(host: String, port: UInt16)
    /// The server takes no connection now, or went away while it was connected to: it ends, or begins.
    case unavailable(host: String, port: UInt16, reason: String)
    /// Anything else, in words.
    case other(host: String, port: UInt16, reason: String)

    /// Whether waiting may help.
    public var isRetryable: Bool {
        switch self {
        case .nothingListening, .noAnswer, .unavailable: true
        default: false
        }
    }
}
