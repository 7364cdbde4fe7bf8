public import SeliumCertificates
public import SeliumTLSCore

/// Certificates of one CA made in memory, with TLS contexts of both sides.
///
/// Tests judge by ``now``, so no run depends on the day it happens.
public struct TestCertificates: Sendable {
    /// The second since 1970 that everything here is made for: 2027-01-15T08:00:00Z.
    public static let now: Int64 = 1_800_000_000
    /// A day in seconds.
    public static let day: Int64 = 86_400
    /// The names of ``serverIdentity(hosts:)`` unless said otherwise.
    public static let hosts = ["localhost", "127.0.0.1", "::1"]
    /// One CA for tests that do not care which.
    public static let shared: TestCertificates = {
        do {
            return try TestCertificates()
        } catch {
            fatalError("test certificates: \(error)")
        }
    }()

    /// The CA.
    public let authority: CertificateAuthority

    /// Makes a new CA.
    public init(commonName: String = "Test CA") throws(CertificateError) {
        self.authority = try .make(commonName: commonName, now: Self.now)
    }

    /// The CA's certificate, for whoever is to trust it.
    public var trustRoots: [UInt8] { Array(self.authority.certificatePEM.utf8) }

    /// A server's certificate and key.
    public func serverIdentity(
        hosts: [String] = Self.hosts
    ) throws(CertificateError) -> TLSIdentity {
        TLSIdentity(try self.authority.issueServer(hosts: hosts, now: Self.now))
    }

    /// A client's certificate and key.
    public func clientIdentity(
        _ name: String = "operator", days: Int = CertificateAuthority.defaultClientDays
    ) throws(CertificateError) -> TLSIdentity {
        TLSIdentity(try self.authority.issueClient(identity: name, now: Self.now, days: days))
    }

    /// A server that wants client certificates of this CA.
    public func serverContext(
        hosts: [String] = Self.hosts, protocols: [String] = ["selium/1"],
        requiresClientCertificate: Bool = true,
        resumption: TLSServerConfiguration.Resumption = .none
    ) throws -> TLSContext {
        try TLSContext(
            server: TLSServerConfiguration(
                identity: self.serverIdentity(hosts: hosts),
                clientAuthentication: requiresClientCertificate
                    ? .required(trustRoots: self.trustRoots) : .none,
                applicationProtocols: protocols, resumption: resumption))
    }

    /// A client that trusts this CA and shows a certificate for `identity`, or none.
    public func clientContext(
        identity: String? = "operator", protocols: [String] = ["selium/1"],
        sessionCache: TLSSessionCache? = nil
    ) throws -> TLSContext {
        var shown: TLSIdentity?
        if let identity {
            shown = try self.clientIdentity(identity)
        }
        return try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: self.trustRoots, identity: shown, applicationProtocols: protocols,
                sessionCache: sessionCache))
    }
}

extension TLSIdentity {
    /// What a CA issued, as TLS takes it.
    public init(_ issued: IssuedCertificate) {
        self.init(
            certificateChain: Array(issued.certificatePEM.utf8),
            privateKey: Array(issued.privateKeyPEM.utf8))
    }
}
