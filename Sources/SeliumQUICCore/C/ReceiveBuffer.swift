/// Bytes of a stream that arrived in order and were not read yet. Bounded by the stream's window.
struct ReceiveBuffer {
    private var bytes: [UInt8] = []
    /// Where the first unread byte is.
    private var head = 0
    /// How much the last reader that took everything found: what comes next is mostly as much.
    private var lastTaken = 0
    /// What an empty buffer may ask for on that ground: the first window of a stream.
    private static let largestGuess = 64 << 10

    var count: Int { bytes.count - head }
    var isEmpty: Bool { head == bytes.count }
    /// Bytes of memory it holds, read ones that were not given back included.
    var capacity: Int { bytes.capacity }

    /// `window` is what the stream may hold unread.
    mutating func append(_ span: RawSpan, window: Int) {
        if bytes.count + span.byteCount > bytes.capacity {
            makeRoom(for: span.byteCount, window: window)
        }
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Lets go of what was read, which a reader that never catches up would else pile up for ever.
    /// Half as much again as is needed is enough: half as many bytes as are moved here arrive before
    /// it happens again, so that each is moved twice on average, and the storage stays below two
    /// windows, what the system rounds up included; below one, as long as nobody reads.
    private mutating func makeRoom(for more: Int, window: Int) {
        let needed = count + more
        // The first bytes of a message are mostly all of it. While nothing is half read, twice as much
        // is asked for: growing in smaller steps halved the speed of bulk, by page faults.
        let wanted =
            isEmpty
            ? max(more, min(lastTaken, Self.largestGuess))
            : head == 0 ? max(needed, min(needed + needed, window)) : needed + needed / 2
        if head > 0, bytes.capacity >= wanted {
            bytes.removeSubrange(..<head)
        } else {
            var fresh: [UInt8] = []
            fresh.reserveCapacity(wanted)
            fresh += bytes[head...]
            bytes = fresh
        }
        head = 0
    }

    /// Up to `limit` bytes. When it is everything, the storage itself is handed over.
    mutating func take(atMost limit: Int) -> [UInt8] {
        if head == 0, limit >= bytes.count {
            let all = bytes
            lastTaken = all.count
            bytes = []
            return all
        }
        let end = head + min(count, max(0, limit))
        let part = Array(bytes[head..<end])
        head = end
        if isEmpty { clear() }
        return part
    }

    mutating func clear() {
        bytes = []
        head = 0
    }
}
