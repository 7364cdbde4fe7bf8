/// Bytes of a stream that arrived in order and were not read yet. Bounded by the stream's window.
struct ReceiveBuffer {
    private(set) var bytes: [UInt8] = []
    private(set) var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { head == bytes.count }

    mutating func append(_ span: RawSpan) {
        if head > 0, isEmpty { clear() }
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Up to `limit` bytes. When it is everything, the storage itself is handed over.
    mutating func take(atMost limit: Int) -> [UInt8] {
        if head == 0, limit >= bytes.count {
            let all = bytes
            bytes = []
            return all
        }
        let end = min(bytes.count, head + max(0, limit))
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
