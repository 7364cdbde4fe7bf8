/// What the accepting side of TLS is made of.
public struct TLSServerConfiguration: Sendable {
    /// Whether callers must show a certificate.
    public enum ClientAuthentication: Sendable {
        /// Every client needs a certificate with EKU clientAuth that chains to these roots (PEM or
        /// DER); never the system's store.
        case required(trustRoots: [UInt8])
        /// Clients stay anonymous.
        case none
    }

    /// What the server shows.
    public var identity: TLSIdentity
    /// What clients must show.
    public var clientAuthentication: ClientAuthentication
    /// ALPN protocols in preference order; a client that offers none of them is refused with
    /// no_application_protocol (RFC 7301 §3.2).
    public var applicationProtocols: [String]
    /// Key exchange groups in preference order.
    public var groups: [KeyExchangeGroup]

    /// Collects the values; they are judged by ``TLSContext``.
    public init(
        identity: TLSIdentity, clientAuthentication: ClientAuthentication,
        applicationProtocols: [String], groups: [KeyExchangeGroup] = KeyExchangeGroup.standard
    ) {
        self.identity = identity
        self.clientAuthentication = clientAuthentication
        self.applicationProtocols = applicationProtocols
        self.groups = groups
    }
}
