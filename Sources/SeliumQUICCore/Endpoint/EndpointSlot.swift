/// One place in an endpoint's table. The place is used again, its generation is not.
struct EndpointSlot {
    enum State {
        /// Exits: living.
        case free
        /// Exits: closing (we ended it), draining (the other side did), free (nobody to tell).
        case living(CoreConnection)
        /// Answers stragglers with the close packet. Exits: free, after 3 PTO.
        case closing(ClosingState)
        /// Answers nothing. Exits: free, after 3 PTO.
        case draining
    }

    var state = State.free
    var generation: UInt64 = 0
    /// IDs that lead here.
    var ids: [ConnectionID] = []
    /// Whom it is counted for.
    var address = IPAddress.v4(.any)
}

/// What is left of a connection that we closed.
struct ClosingState {
    let packet: [UInt8]
    let path: NetworkPath
    private var received = 0
    private var nextAnswer = 1

    init(packet: [UInt8], path: NetworkPath) {
        self.packet = packet
        self.path = path
    }

    /// Counts a straggler; whether this one is answered: the 1st, 2nd, 4th, 8th…
    mutating func isDue() -> Bool {
        received += 1
        guard received >= nextAnswer else { return false }
        nextAnswer *= 2
        return true
    }
}

/// A packet that belongs to no living connection.
struct StatelessDatagram {
    let bytes: [UInt8]
    let path: NetworkPath
}

/// Counts of one endpoint since its start.
package struct EndpointStatistics: Sendable {
    /// Completed handshakes.
    package var handshakes = 0
    /// Retry packets made.
    package var retries = 0
    /// Retries that a token of an earlier connection saved.
    package var addressTokens = 0
    /// Version negotiation packets made.
    package var versionNegotiations = 0
    /// Stateless resets made.
    package var statelessResets = 0
    /// Clients refused with CONNECTION_CLOSE.
    package var refusals = 0
    /// Datagrams that led nowhere.
    package var dropped = 0
}
