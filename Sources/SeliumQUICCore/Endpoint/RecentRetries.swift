/// The clients that were sent a Retry a moment ago, by the ID they drew.
///
/// A post-quantum hello is two datagrams: one Retry answers both, and the half that comes later must
/// not open a connection that the client has already given up.
struct RecentRetries {
    /// Enough for a burst; when it is overrun, a client gets two Retries, which does no harm.
    private static let capacity = 256
    /// Much longer than the two datagrams lie apart, much shorter than the client's retransmission
    /// (300 ms at the earliest), which says that the Retry was lost.
    private static let lifetime: UInt64 = 100_000_000

    private var times: [ConnectionID: UInt64] = [:]
    private var order: [ConnectionID] = []
    private var next = 0

    func isNew(_ id: ConnectionID, now: UInt64) -> Bool {
        guard let time = times[id] else { return true }
        return now >= time + Self.lifetime
    }

    mutating func note(_ id: ConnectionID, now: UInt64) {
        if times.updateValue(now, forKey: id) != nil { return }
        if order.count < Self.capacity {
            order.append(id)
        } else {
            times[order[next]] = nil
            order[next] = id
            next = (next + 1) % Self.capacity
        }
    }
}
