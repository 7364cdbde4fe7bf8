/// What each address has: connections now, and handshakes lately. IPv6 counts by /64.
///
/// Handshakes are counted twice over, because a source address that was not validated may be
/// anybody's: what is spoofed can only lead to Retry, and never takes from what the true owner of the
/// address has once it has come back with a token.
package struct AddressLedger {
    private let maximumConnections: Int
    private var connections: [IPAddress: Int] = [:]
    private var unvalidated: HandshakeRates
    private var validated: HandshakeRates
    /// What validated addresses share while there is no room to remember each by itself.
    private var overflow: TokenBucket

    /// Nobody has anything yet.
    package init(_ configuration: QUICConfiguration, now: UInt64) {
        let perSecond = configuration.handshakesPerSecond
        let burst = configuration.handshakeBurst
        maximumConnections = configuration.maximumConnectionsPerAddress
        unvalidated = HandshakeRates(perSecond: perSecond, burst: burst, now: now)
        validated = HandshakeRates(perSecond: perSecond, burst: burst, now: now)
        overflow = TokenBucket(perSecond: perSecond, burst: burst, now: now)
    }

    func hasRoom(for address: IPAddress) -> Bool {
        connections[address.rateLimitPrefix, default: 0] < maximumConnections
    }

    mutating func opened(by address: IPAddress) {
        connections[address.rateLimitPrefix, default: 0] += 1
    }

    mutating func closed(by address: IPAddress) {
        let prefix = address.rateLimitPrefix
        guard let count = connections[prefix] else { return }
        connections[prefix] = count > 1 ? count - 1 : nil
    }

    /// Takes one handshake from what is allowed without a token; false when the address has to be
    /// validated first: its rate is spent, or there is no room to remember it.
    package mutating func takeUnvalidated(of address: IPAddress, now: UInt64) -> Bool {
        unvalidated.take(of: address.rateLimitPrefix, now: now) ?? false
    }

    /// Takes one handshake from the rate of an address that proved to be the client's; false when it
    /// has none left.
    package mutating func takeValidated(of address: IPAddress, now: UInt64) -> Bool {
        validated.take(of: address.rateLimitPrefix, now: now) ?? overflow.take(now: now)
    }
}
