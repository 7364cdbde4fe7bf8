/// A way to servers that are spoken to encrypted: DNS over HTTPS (RFC 8484), over TLS (RFC 7858).
///
/// The resolver itself speaks UDP and TCP. Whoever has an HTTP client or TLS gives it one of these; a
/// server of such a kind fails without.
public protocol DNSTransport: Sendable {
    /// Sends a query to a server and returns the response.
    ///
    /// - Parameters:
    ///   - query: a message in the form of RFC 1035, without a length in front. Its id is 0 for a server
    ///     over HTTPS, so that caches on the way may answer (RFC 8484 section 4.1); it is filled up to a
    ///     multiple of 128 bytes.
    ///   - server: where to and how: its `transport` is `.tls` or `.https`.
    ///   - duration: how long it may take; the task is cancelled afterwards.
    /// - Returns: the response with the id of the query. It is judged like any other.
    func exchange(
        _ query: [UInt8], with server: ResolverConfiguration.Server, within duration: Duration
    ) async throws -> [UInt8]
}
