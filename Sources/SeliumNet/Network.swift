/// What makes sockets: an authority that is asked first, and a resolver.
///
/// Every bind, listen, accept, connect, resolve, datagram to an address, multicast join and adoption of
/// a descriptor asks the authority; the error carries its denial. A name is asked for as a name, then
/// each of its addresses as an address, and the socket connects to the value that was checked.
public struct Network: Sendable {
    /// Addresses of one name that are looked at.
    public static let maximumAddresses = 64

    /// Who may do what.
    public let authority: NetworkAuthority
    /// Who knows names.
    public let resolver: any NameResolver

    /// A network that allows what `authority` does.
    public init(
        authority: NetworkAuthority, resolver: any NameResolver = Resolver.system
    ) {
        self.authority = authority
        self.resolver = resolver
    }

    /// Everything, for programs that act for themselves: what the static forms use.
    public static let unrestricted = Network(authority: .unrestricted)

    func require(
        _ operation: NetworkOperation, _ target: NetworkTarget, _ doing: NetError.Operation,
        _ address: EndpointAddress? = nil
    ) throws(NetError) {
        if case .denied(let denial) = authority.check(operation, target) {
            throw NetError(denial, doing: doing, address: address)
        }
    }

    /// The addresses of a target, in the order in which they are to be tried. A literal is itself and
    /// asks no resolver. Of the addresses of a name those are told that are global, or that a grant to
    /// resolve names.
    ///
    /// - Throws: `.invalidAddress`, `.denied`, and what the resolver throws.
    public func resolve(
        _ target: some SocketTargetConvertible, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> [SocketAddress] {
        let addresses = try await candidates(target, within: duration, until: shutdown)
        guard authority.grants != nil, case .host? = try? target.socketTarget() else {
            return addresses
        }
        var denied: NetworkDenial?
        let allowed = addresses.filter { address in
            let denial = authority.denialOfResolved(address.address, ofGrantedName: true)
            denied = denied ?? denial
            return denial == nil
        }
        if allowed.isEmpty, let denied { throw NetError(denied, doing: .resolve) }
        return allowed
    }

    /// The addresses of a target for who asks the authority for each of them before it is used.
    func candidates(
        _ target: some SocketTargetConvertible, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> [SocketAddress] {
        let wanted: SocketTarget
        do throws(AddressError) {
            wanted = try target.socketTarget()
        } catch {
            throw NetError(.invalidAddress, doing: .resolve, detail: error.description)
        }
        switch wanted {
        case .address(let address): return [address]
        case .host(let name, let port):
            try require(.resolve, .name(name.text), .resolve)
            let found = try await resolver.addresses(
                of: authority.granted(name), within: duration, until: shutdown)
            var addresses: [SocketAddress] = []
            for address in found.prefix(Self.maximumAddresses) {
                let address = SocketAddress(address, port: port)
                if !addresses.contains(address) { addresses.append(address) }
            }
            guard !addresses.isEmpty else {
                throw NetError(.unknownName, doing: .resolve, detail: name.text)
            }
            return addresses
        }
    }
}
