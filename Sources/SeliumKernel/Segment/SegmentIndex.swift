/// Where in a segment to begin reading: one entry every 64 KiB, kept in memory and made again by a
/// scan, never stored.
public struct SegmentIndex: Sendable, Hashable {
    /// Bytes between entries, at least: what a seek may have to read over.
    public static let stride = 64 * 1024

    private struct Entry: Hashable {
        /// The first sequence of the frame at `offset`.
        var sequence: UInt64
        /// The latest wall time of all frames before it: the wall clock may have gone back.
        var latestBefore: Int64
        var offset: Int
    }

    private var entries: [Entry] = []
    private var latest = Int64.min

    /// An empty one.
    public init() {}

    /// Entries.
    public var count: Int { entries.count }

    /// The latest wall time of all frames, nanoseconds since 1970; nil without one.
    public var latestWallTime: Int64? { entries.isEmpty ? nil : latest }

    /// A frame begins at `offset`; offsets and sequences ascend.
    mutating func note(_ sequence: UInt64, wallTime: Int64, at offset: Int) {
        let isDue = entries.last.map { offset - $0.offset >= Self.stride } ?? true
        if isDue {
            entries.append(Entry(sequence: sequence, latestBefore: latest, offset: offset))
        }
        latest = max(latest, wallTime)
    }

    /// Where to begin to find the frame with `sequence`: it is there or behind, if it is at all.
    public func offset(sequence: UInt64) -> Int {
        begin { $0.sequence <= sequence }
    }

    /// Where to begin to find everything written at `wallTime` or later: every frame before is
    /// older, however the clock jumped.
    public func offset(wallTime: Int64) -> Int {
        begin { $0.latestBefore < wallTime }
    }

    /// The last entry for which `isBefore` is true, as it is for all before it.
    private func begin(_ isBefore: (Entry) -> Bool) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(entries[middle]) { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? entries[low - 1].offset : SegmentHeader.byteCount
    }
}
