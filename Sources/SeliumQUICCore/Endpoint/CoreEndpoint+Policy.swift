extension CoreEndpoint {
    /// What to do with a client's first packet.
    enum Decision: Equatable {
        case accept(original: ConnectionID, wasRetried: Bool)
        /// Prove your address first.
        case retry
        /// With this transport code, keeping nothing.
        case refuse(code: UInt64)
        case drop
    }

    private static let connectionRefused: UInt64 = 0x2
    private static let invalidToken: UInt64 = 0xb

    /// Cheapest checks first; nothing is remembered of whoever is not accepted.
    func decide(_ header: InitialHeader, path: NetworkPath, now: UInt64) -> Decision {
        if isShuttingDown || connectionCount >= configuration.maximumConnections {
            return .refuse(code: Self.connectionRefused)
        }
        let original: ConnectionID
        let isValidated: Bool
        switch stateless.judgeToken(of: header, from: path.remote, now: now) {
        case .none: (original, isValidated) = (header.destination, false)
        case .valid(let first): (original, isValidated) = (first, true)
        case .invalid: return .refuse(code: Self.invalidToken)
        }
        if halfOpenCount >= configuration.maximumHalfOpen { return .drop }
        if !isValidated, halfOpenCount >= configuration.retryThreshold { return .retry }
        guard ledger.hasRoom(for: path.remote.address) else {
            return isValidated ? .refuse(code: Self.connectionRefused) : .retry
        }
        // Only an address that is its own can spend what it has: see `AddressLedger`.
        if isValidated {
            guard ledger.takeValidated(of: path.remote.address, now: now) else { return .drop }
        } else {
            guard ledger.takeUnvalidated(of: path.remote.address, now: now) else { return .retry }
        }
        return .accept(original: original, wasRetried: isValidated)
    }
}
