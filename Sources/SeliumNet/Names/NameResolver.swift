/// Turns names into addresses, for ``Network``.
public protocol NameResolver: Sendable {
    /// The addresses of a name, best first; never empty.
    ///
    /// - Throws: `.unknownName`, `.temporaryNameFailure`, `.exhausted`, `.cancelled`, `.shutDown`,
    ///   `.timedOut`.
    func addresses(
        of name: HostName, within duration: Duration?, until shutdown: ShutdownToken?
    ) async throws(NetError) -> [IPAddress]
}
