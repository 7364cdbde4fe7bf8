extension CoreEndpoint {
    /// What to do with a client's first packet.
    enum Decision: Equatable {
        case accept(original: ConnectionID, proof: AddressProof)
        /// Prove your address first.
        case retry
        /// With this transport code, keeping nothing.
        case refuse(code: UInt64)
        case drop
    }

    /// What says that the client is at the address that its packet claims to be from.
    enum AddressProof: Equatable {
        case none
        /// The token of a Retry.
        case retry
        /// A token of an earlier connection.
        case token
    }

    private static let shortestOriginalID = 8
    private static let connectionRefused: UInt64 = 0x2
    private static let invalidToken: UInt64 = 0xb

    /// Cheapest checks first; nothing is remembered of whoever is not accepted.
    func decide(_ header: InitialHeader, path: NetworkPath, now: UInt64) -> Decision {
        if isShuttingDown || connectionCount >= configuration.maximumConnections {
            return .refuse(code: Self.connectionRefused)
        }
        let original: ConnectionID
        var proof: AddressProof
        switch stateless.judgeToken(of: header, from: path.remote, now: now) {
        case .none:
            // RFC 9000 §7.2. ngtcp2 lets a shorter one pass beside any token.
            guard header.destination.length >= Self.shortestOriginalID else { return .drop }
            (original, proof) = (header.destination, .none)
        case .valid(let first): (original, proof) = (first, .retry)
        case .invalid: return .refuse(code: Self.invalidToken)
        }
        if halfOpenCount >= configuration.maximumHalfOpen { return .drop }
        let address = path.remote.address
        if proof == .none {
            guard needsProof(address, now: now) else {
                return .accept(original: original, proof: .none)
            }
            guard spendToken(of: header, from: path.remote, now: now) else { return .retry }
            proof = .token
        }
        // Only an address that is its own can spend what it has: see `AddressLedger`.
        guard ledger.hasRoom(for: address) else { return .refuse(code: Self.connectionRefused) }
        guard ledger.takeValidated(of: address, now: now) else { return .drop }
        return .accept(original: original, proof: proof)
    }

    private func needsProof(_ address: IPAddress, now: UInt64) -> Bool {
        halfOpenCount >= configuration.retryThreshold || !ledger.hasRoom(for: address)
            || !ledger.takeUnvalidated(of: address, now: now)
    }

    /// Looked at only where it saves a Retry, and then it is used up. One that is not good counts as
    /// none (RFC 9000 §8.1.3).
    private func spendToken(
        of header: InitialHeader, from remote: SocketAddress, now: UInt64
    ) -> Bool {
        guard configuration.issuesAddressTokens,
            let id = stateless.addressTokenID(header.token, from: remote, now: now)
        else { return false }
        let until = now &+ configuration.addressTokenLifetime.nanoseconds
        guard spentTokens.spend(id, until: until, now: now) else { return false }
        count(\.addressTokens)
        return true
    }
}
