extension CoreConnection {
    /// Bytes that the other side makes us hold on this connection: what arrived and was not read, and
    /// what was written and not acknowledged. What came out of order is not counted; the window
    /// bounds it.
    package var bufferedCount: Int {
        streams.values.reduce(0) { sum, stream in
            sum + stream.inbox.count + stream.outbox.unacknowledgedCount
        }
    }
}
