internal import DequeModule

/// Sixteen random bytes that no two address tokens share.
package struct TokenID: Hashable {
    private let high: UInt64
    private let low: UInt64

    /// Of the first sixteen bytes.
    package init(_ bytes: some Sequence<UInt8>) {
        var words = (UInt64(0), UInt64(0))
        for byte in bytes.prefix(16) {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | UInt64(byte)
        }
        (high, low) = words
    }
}

/// The address tokens that were used, so that none counts twice (RFC 9000 §8.1.4).
///
/// While the table is full no token counts at all, and clients are asked for a Retry as if they had
/// none: a bound on memory must not become a way to use one token for ever.
package struct SpentTokens {
    /// About 1 MB. Only tokens that saved a Retry are counted here.
    package static let capacity = 16_384

    private var known: Set<TokenID> = []
    private var order = Deque<(id: TokenID, until: UInt64)>()

    /// None was used yet.
    package init() {}

    /// Whether it is used for the first time. It is remembered until `until`, when it has expired.
    package mutating func spend(_ id: TokenID, until: UInt64, now: UInt64) -> Bool {
        while let oldest = order.first, oldest.until <= now {
            known.remove(oldest.id)
            order.removeFirst()
        }
        guard order.count < Self.capacity, known.insert(id).inserted else { return false }
        order.append((id, until))
        return true
    }
}
