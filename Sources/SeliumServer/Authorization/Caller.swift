internal import SeliumKernel
internal import SeliumTLSCore

/// Who is at the other end of a connection: judged once, from the certificate alone.
struct Caller: Sendable, Hashable {
    let identity: Identity
    let role: Role
    /// The caller's own namespace.
    let namespace: Namespace
    /// The last second at which the certificate is valid; nil for a caller without one.
    let expiresAt: Int64?
    /// SHA-256 of the certificate, for the audit line only.
    let fingerprint: [UInt8]

    /// The caller without a certificate, where that is allowed.
    static let anonymous = Caller(
        identity: .anonymous, role: .user, namespace: Namespace(of: .anonymous), expiresAt: nil,
        fingerprint: [])

    private static let prefix = "selium://identity/"

    /// Reads who a verified chain is for. CN, DNS names and e-mail addresses are never read.
    ///
    /// The chain has been verified against the client CA by TLS, EKU included; the EKU is asked again
    /// because nothing else stands between a server's certificate and its misuse by a client.
    static func judge(_ chain: [Certificate], unixTime: Int64) throws(Refusal) -> Caller {
        guard let leaf = chain.first else { throw .noCertificate }
        guard leaf.usages.contains(.client), !leaf.isCA else { throw .notForClients }
        guard leaf.isValid(at: unixTime) else { throw .expired }
        let identities = leaf.uriNames
        guard let uri = identities.first else { throw .noIdentity }
        guard identities.count == 1 else { throw .severalIdentities }
        guard uri.hasPrefix(prefix), let identity = Identity(uri.dropFirst(prefix.count)) else {
            throw .noIdentity
        }
        guard identity != .system, identity != .anonymous else { throw .reserved }
        return Caller(
            identity: identity, role: .builtIn(for: identity),
            namespace: Namespace(of: identity),
            expiresAt: chain.map(\.notAfter).min(), fingerprint: leaf.fingerprint)
    }

    /// Why a certificate that chains to the client CA names nobody.
    enum Refusal: Error, Hashable {
        case noCertificate
        case notForClients
        case expired
        case noIdentity
        case severalIdentities
        case reserved

        /// The reason that the connection's close carries.
        var reason: String {
            switch self {
            case .noCertificate: "no certificate"
            case .notForClients: "the certificate is not for clients"
            case .expired: "the certificate is not valid now"
            case .noIdentity: "the certificate names no identity"
            case .severalIdentities: "the certificate names more than one identity"
            case .reserved: "the certificate names a reserved identity"
            }
        }
    }
}
