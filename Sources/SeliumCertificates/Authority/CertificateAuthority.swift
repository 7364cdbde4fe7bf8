internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A CA in memory: its certificate and its key, and what it issues.
///
/// P-256 throughout, signatures ECDSA with SHA-256. It reads no clock: `now` is seconds since 1970.
public struct CertificateAuthority: Sendable {
    /// How long a CA is valid, in days.
    public static let defaultDays = 3650
    /// How long a server's certificate is valid unless said otherwise, in days.
    public static let defaultServerDays = 365
    /// How long a client's certificate is valid unless said otherwise, in days.
    public static let defaultClientDays = 90

    /// The CA's certificate in PEM: what the other side is given to trust.
    public let certificatePEM: String
    let certificate: Certificate
    let key: Certificate.PrivateKey

    /// The CA's private key in PEM. Whoever has it makes callers of any name.
    public var privateKeyPEM: String {
        get throws(CertificateError) {
            try Self.wrapping { try self.key.serializeAsPEM().pemString }
        }
    }

    /// Last second of the CA's validity since 1970.
    public var notAfter: Int64 {
        Int64(self.certificate.notValidAfter.timeIntervalSince1970)
    }

    /// Makes a new CA, valid for ten years.
    public static func make(
        commonName: String = "Selium CA", now: Int64, days: Int = Self.defaultDays
    ) throws(CertificateError) -> CertificateAuthority {
        try Self.wrapping {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let name = try CertificateProfile.name(commonName)
            let certificate = try Certificate(
                version: .v3, serialNumber: CertificateProfile.serial(), publicKey: key.publicKey,
                notValidBefore: CertificateProfile.date(now - CertificateProfile.backdating),
                notValidAfter: CertificateProfile.date(
                    now + Int64(days) * CertificateProfile.secondsPerDay),
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: CertificateProfile.authority(key), issuerPrivateKey: key)
            return try CertificateAuthority(certificate, key)
        }
    }

    /// Reads a CA back from PEM.
    public init(certificatePEM: String, privateKeyPEM: String) throws(CertificateError) {
        self = try Self.wrapping(.noAuthority) {
            try CertificateAuthority(
                Certificate(pemEncoded: certificatePEM),
                Certificate.PrivateKey(pemEncoded: privateKeyPEM))
        }
        guard self.key.publicKey == self.certificate.publicKey else {
            throw CertificateError(.noAuthority, "ca.key is not the key of ca.crt")
        }
    }

    private init(_ certificate: Certificate, _ key: Certificate.PrivateKey) throws {
        self.certificate = certificate
        self.key = key
        self.certificatePEM = try certificate.serializeAsPEM().pemString
    }

    /// A server's certificate for `hosts` (DNS names and IP addresses), serverAuth only.
    public func issueServer(
        hosts: [String], commonName: String = "selium server", now: Int64,
        days: Int = Self.defaultServerDays
    ) throws(CertificateError) -> IssuedCertificate {
        var names: [HostName] = []
        for host in hosts {
            let name = try HostName(host)
            if !names.contains(name) {
                names.append(name)
            }
        }
        guard !names.isEmpty else {
            throw CertificateError(.invalidHost, "a server's certificate needs a host")
        }
        return try self.issue(
            commonName: commonName, purpose: .server(hosts: names), now: now,
            notAfter: self.end(of: days, from: now))
    }

    /// A client's certificate for the identity `name`, clientAuth only.
    public func issueClient(
        identity name: String, commonName: String? = nil, now: Int64,
        days: Int = Self.defaultClientDays
    ) throws(CertificateError) -> IssuedCertificate {
        try IdentityName.check(name)
        return try self.issue(
            commonName: commonName ?? name, purpose: .client(uris: [IdentityName.uri(name)]),
            now: now, notAfter: self.end(of: days, from: now))
    }

    /// The end of `days` from now, which must lie within the CA's own validity.
    private func end(of days: Int, from now: Int64) throws(CertificateError) -> Int64 {
        guard days > 0, days <= Self.defaultDays else {
            throw CertificateError(
                .invalidDays, "a certificate is valid for 1 to \(Self.defaultDays) days")
        }
        let end = now + Int64(days) * CertificateProfile.secondsPerDay
        guard end <= self.notAfter else {
            throw CertificateError(
                .invalidDays, "the CA itself expires before \(days) days are over")
        }
        return end
    }

    static func wrapping<Value>(
        _ code: CertificateError.Code = .unreadable, _ body: () throws -> Value
    ) throws(CertificateError) -> Value {
        do {
            return try body()
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(code, "the certificate machinery refused: \(type(of: error))")
        }
    }
}
