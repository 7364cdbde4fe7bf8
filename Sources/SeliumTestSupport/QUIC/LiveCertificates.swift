internal import Glibc
public import SeliumCertificates
public import SeliumTLSCore

/// Certificates of one CA that are valid while the test runs, for tests with real sockets: those
/// judge by the machine's clock.
public struct LiveCertificates: Sendable {
    /// The CA.
    public let authority: CertificateAuthority
    let now: Int64

    /// A new CA, as of now.
    public init() throws(CertificateError) {
        now = Int64(time(nil))
        authority = try .make(commonName: "Live test CA", now: now)
    }

    /// A server that wants client certificates of this CA.
    public func serverContext(
        hosts: [String] = TestCertificates.hosts, protocols: [String] = ["selium/1"],
        requiresClientCertificate: Bool = true,
        resumption: TLSServerConfiguration.Resumption = .none
    ) throws -> TLSContext {
        let roots = Array(authority.certificatePEM.utf8)
        return try TLSContext(
            server: TLSServerConfiguration(
                identity: TLSIdentity(try authority.issueServer(hosts: hosts, now: now)),
                clientAuthentication: requiresClientCertificate
                    ? .required(trustRoots: roots) : .none,
                applicationProtocols: protocols, resumption: resumption))
    }

    /// A client that trusts this CA and shows a certificate for `identity`, or none.
    public func clientContext(
        identity: String? = "operator", protocols: [String] = ["selium/1"],
        sessionCache: TLSSessionCache? = nil
    ) throws -> TLSContext {
        var shown: TLSIdentity?
        if let identity {
            shown = TLSIdentity(try authority.issueClient(identity: identity, now: now))
        }
        return try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: Array(authority.certificatePEM.utf8), identity: shown,
                applicationProtocols: protocols, sessionCache: sessionCache))
    }
}

extension LiveCertificates {
    /// A client's certificate and key.
    public func identity(_ name: String) throws(CertificateError) -> TLSIdentity {
        TLSIdentity(try authority.issueClient(identity: name, now: now))
    }
}

extension LiveCertificates {
    /// The CA's certificate, for whoever is to trust it.
    public var trustRoots: [UInt8] { Array(authority.certificatePEM.utf8) }
}

extension LiveCertificates {
    /// A server's certificate and key.
    public func serverIdentity(
        hosts: [String] = TestCertificates.hosts
    ) throws(CertificateError) -> TLSIdentity {
        TLSIdentity(try authority.issueServer(hosts: hosts, now: now))
    }
}
