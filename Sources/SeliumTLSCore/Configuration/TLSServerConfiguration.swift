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

    /// Whether clients may resume an earlier handshake.
    public enum Resumption: Sendable {
        /// No ticket is given and none is taken: every connection shows its certificates.
        case none
        /// Each client is given two tickets, and may resume with them (RFC 8446 §2.2): a round of
        /// signatures and certificates less, always with a fresh key exchange, never with early data.
        ///
        /// A ticket counts for the server name and the protocol it was given for, and as long as the
        /// client's certificate would be accepted: it is judged again by the time and the trust
        /// roots of the moment. What a caller looks up besides (as a list of revoked keys) it has to
        /// look up for each connection, resumed or not. Anything else makes a whole handshake.
        ///
        /// - Parameters:
        ///   - lifetime: of a ticket, 1 s to 7 days (RFC 8446 §4.6.1). However often it is resumed,
        ///     the certificates have to be shown again after 7 days.
        ///   - keys: what tickets are sealed with.
        case tickets(lifetime: Duration = .seconds(7_200), keys: TLSTicketKeys)
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
    /// Whether clients may resume; not unless somebody says so.
    public var resumption: Resumption

    /// Collects the values; they are judged by ``TLSContext``.
    public init(
        identity: TLSIdentity, clientAuthentication: ClientAuthentication,
        applicationProtocols: [String], groups: [KeyExchangeGroup] = KeyExchangeGroup.standard,
        resumption: Resumption = .none
    ) {
        self.identity = identity
        self.clientAuthentication = clientAuthentication
        self.applicationProtocols = applicationProtocols
        self.groups = groups
        self.resumption = resumption
    }
}
