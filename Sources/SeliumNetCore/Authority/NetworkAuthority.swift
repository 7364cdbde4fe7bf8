/// Who may reach what over the network: a value that is bound where a factory is made and asked
/// before each operation.
///
/// It holds no state and looks nothing up: addresses are judged as they are going to be used, so
/// that a name cannot mean one address to the check and another to the socket.
public struct NetworkAuthority: Hashable, Sendable {
    /// The answer to one question.
    public enum Verdict: Hashable, Sendable {
        case allowed
        case denied(NetworkDenial)
    }

    private enum Mode: Hashable, Sendable {
        case unrestricted
        case grants([NetworkGrant])
    }

    private let mode: Mode

    /// Everything. For programs that act for themselves; the runtime never uses it for a guest.
    public static let unrestricted = NetworkAuthority(mode: .unrestricted)

    /// Nothing.
    public static let denyAll = NetworkAuthority(granting: [])

    /// Exactly what these grants allow; any one of them suffices.
    public init(granting grants: [NetworkGrant]) {
        mode = .grants(grants)
    }

    private init(mode: Mode) {
        self.mode = mode
    }

    /// The grants it was made of; nil when it is unrestricted.
    public var grants: [NetworkGrant]? {
        switch mode {
        case .unrestricted: nil
        case .grants(let grants): grants
        }
    }

    /// Whether `operation` on `target` is allowed. Costs one pass over the grants, nothing else.
    public func check(_ operation: NetworkOperation, _ target: NetworkTarget) -> Verdict {
        guard case .grants(let grants) = mode else { return .allowed }
        var nearest: NetworkGrant?
        var difference = NetworkDenial.Difference.nothingGranted
        for grant in grants {
            guard let found = grant.difference(from: operation, target) else { return .allowed }
            if found > difference {
                nearest = grant
                difference = found
            }
        }
        return .denied(
            NetworkDenial(operation, target, nearest: nearest, difference: difference))
    }

    /// The same question for code that ends here when the answer is no.
    public func require(
        _ operation: NetworkOperation, _ target: NetworkTarget
    ) throws(NetworkDenial) {
        if case .denied(let denial) = check(operation, target) { throw denial }
    }
}

extension NetworkGrant {
    /// What keeps this grant from covering the operation, nil if nothing does.
    fileprivate func difference(
        from operation: NetworkOperation, _ target: NetworkTarget
    ) -> NetworkDenial.Difference? {
        guard operations.contains(operation) else { return .operation }
        switch (target, reach) {
        case (.socket(let transport, let socket), .global):
            return socketDifference(
                transport, socket, isReached: socket.address.isGlobal, otherwise: .addressClass)
        case (.socket(let transport, let socket), .range(let range)):
            return socketDifference(
                transport, socket, isReached: range.covers(socket.address), otherwise: .place)
        case (.name(let wanted), .name(let granted)):
            return wanted == granted ? nil : .place
        case (.path(let wanted), .path(let granted)):
            guard transport == nil || transport == .unix else { return .transport }
            return wanted == granted ? nil : .place
        default:
            return .kind
        }
    }

    private func socketDifference(
        _ wanted: NetworkTransport, _ socket: SocketAddress, isReached: Bool,
        otherwise: NetworkDenial.Difference
    ) -> NetworkDenial.Difference? {
        guard transport == nil || transport == wanted else { return .transport }
        guard isReached else { return otherwise }
        return ports.contains(socket.port) ? nil : .port
    }
}

extension AddressRange {
    /// Whether a rule for this range covers what the address really leads to: the IPv4 address
    /// inside an IPv6 one, for Teredo its server too.
    fileprivate func covers(_ address: IPAddress) -> Bool {
        guard contains(address.canonical) else { return false }
        if case .v6(let v6) = address, let server = v6.teredoServer {
            return contains(.v4(server))
        }
        return true
    }
}
