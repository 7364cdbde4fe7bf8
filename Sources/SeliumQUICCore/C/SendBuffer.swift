internal import CNGTCP2

/// Bytes of a stream on their way out, at addresses that do not change until they are acknowledged:
/// ngtcp2 keeps pointers to them for retransmission.
struct SendBuffer: ~Copyable {
    @safe private struct Chunk {
        let base: UnsafeMutableRawPointer
        let capacity: Int
        var count: Int
    }

    /// Large writes are cut into pieces that can be given back one by one.
    private static let largestChunk = 64 << 10
    /// Small writes leave room, so that the next ones need no memory of their own.
    private static let smallestChunk = 512

    private var chunks: [Chunk] = []
    /// Index of the first chunk that is still needed: the ones before it were given back.
    private var firstChunk = 0
    /// Stream offset of the first chunk's first byte.
    private var firstOffset: UInt64 = 0
    /// Stream offset up to which everything was acknowledged.
    private var acknowledged: UInt64 = 0
    /// Where the first unsent byte is.
    private var sendChunk = 0
    private var sendOffsetInChunk = 0
    /// Bytes handed to ngtcp2 / appended so far.
    private(set) var sentEnd: UInt64 = 0
    private(set) var end: UInt64 = 0

    /// Bytes that are not acknowledged yet.
    var unacknowledgedCount: Int { Int(truncatingIfNeeded: end - acknowledged) }
    /// Bytes that ngtcp2 has not taken yet.
    var unsentCount: Int { Int(truncatingIfNeeded: end - sentEnd) }

    deinit {
        for index in firstChunk..<chunks.count { unsafe chunks[index].base.deallocate() }
    }

    /// Copies `bytes` to the end.
    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { source in
            var rest = unsafe source[...]
            while unsafe !rest.isEmpty {
                let taken = unsafe appendToLastChunk(rest)
                unsafe rest = rest.dropFirst(taken)
                if unsafe rest.isEmpty { break }
                let capacity = unsafe min(
                    Self.largestChunk, max(Self.smallestChunk, rest.count))
                unsafe chunks.append(
                    Chunk(
                        base: .allocate(byteCount: capacity, alignment: 8), capacity: capacity,
                        count: 0))
            }
        }
        end += UInt64(bytes.count)
    }

    private mutating func appendToLastChunk(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        guard chunks.count > firstChunk else { return 0 }
        let last = chunks.count - 1
        let room = chunks[last].capacity - chunks[last].count
        let taken = unsafe min(room, bytes.count)
        guard taken > 0, let source = unsafe UnsafeRawBufferPointer(rebasing: bytes).baseAddress
        else { return 0 }
        unsafe (chunks[last].base + chunks[last].count).copyMemory(from: source, byteCount: taken)
        chunks[last].count += taken
        return taken
    }

    /// Fills `vectors` with unsent bytes and returns how many are used and how many bytes that is.
    func gather(into vectors: UnsafeMutableBufferPointer<ngtcp2_vec>) -> (Int, Int) {
        var used = 0
        var total = 0
        var index = sendChunk
        var offset = sendOffsetInChunk
        while index < chunks.count, used < vectors.count {
            let length = chunks[index].count - offset
            if length > 0 {
                let base = unsafe (chunks[index].base + offset).assumingMemoryBound(to: UInt8.self)
                unsafe vectors[used] = ngtcp2_vec(base: base, len: length)
                used += 1
                total += length
            }
            index += 1
            offset = 0
        }
        return (used, total)
    }

    /// ngtcp2 took that many bytes.
    mutating func sent(_ count: Int) {
        sentEnd += UInt64(count)
        var rest = count
        while rest > 0 {
            let length = chunks[sendChunk].count - sendOffsetInChunk
            if rest < length {
                sendOffsetInChunk += rest
                return
            }
            rest -= length
            let isLast = sendChunk == chunks.count - 1
            if isLast {
                // The last chunk may still be appended to.
                sendOffsetInChunk += length
                return
            }
            sendChunk += 1
            sendOffsetInChunk = 0
        }
    }

    /// Everything below stream offset `offset` arrived: gives back what is not needed any more.
    mutating func acknowledge(to offset: UInt64) {
        guard offset > acknowledged else { return }
        acknowledged = min(offset, sentEnd)
        while firstChunk < chunks.count {
            let count = UInt64(chunks[firstChunk].count)
            guard firstOffset + count <= acknowledged else { break }
            if firstChunk == sendChunk {
                // Wholly sent and acknowledged; unsent bytes would lie beyond `acknowledged`.
                sendChunk += 1
                sendOffsetInChunk = 0
            }
            unsafe chunks[firstChunk].base.deallocate()
            firstOffset += count
            firstChunk += 1
        }
        compact()
    }

    private mutating func compact() {
        guard firstChunk > 0 else { return }
        if firstChunk == chunks.count {
            chunks.removeAll(keepingCapacity: firstChunk < 16)
        } else if firstChunk >= 32 {
            chunks.removeFirst(firstChunk)
        } else {
            return
        }
        sendChunk -= firstChunk
        firstChunk = 0
    }
}
