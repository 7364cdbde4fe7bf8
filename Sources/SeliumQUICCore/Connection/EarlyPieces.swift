/// Small pieces of a stream that arrived before what stands in front of them.
///
/// For each hole before one the library keeps some 100 bytes that no window counts: every other byte
/// of a 64 KiB window costs 3.4 MB. This counts them, never too few: they are forgotten in two
/// portions, each when everything up to the end of its last piece has arrived.
struct EarlyPieces {
    private var older = 0
    private var olderEnd: UInt64 = 0
    private var newer = 0
    private var newerEnd: UInt64 = 0

    var count: Int { older + newer }

    /// A piece up to `end` arrived too early.
    mutating func add(end: UInt64) {
        newer += 1
        newerEnd = max(newerEnd, end)
    }

    /// Everything up to `offset` has arrived; returns how many pieces are none any more.
    mutating func delivered(to offset: UInt64) -> Int {
        guard offset >= olderEnd else { return 0 }
        let before = count
        (older, olderEnd) = offset >= newerEnd ? (0, 0) : (newer, newerEnd)
        (newer, newerEnd) = (0, 0)
        return before - count
    }
}
