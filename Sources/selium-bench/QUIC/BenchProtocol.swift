import SeliumQUIC

/// What the ends of the QUIC measurements say to each other: the first byte of a stream asks for
/// something (`scripts/bench/peers/quic_aioquic.py` speaks it too).
enum BenchProtocol {
    static let alpn = "selium-bench/1"
    /// Everything after it comes back.
    static let echo = UInt8(ascii: "E")
    /// Eight bytes big-endian follow; so many bytes come.
    static let download = UInt8(ascii: "D")
    /// Everything after it is counted; the count comes back as eight bytes.
    static let upload = UInt8(ascii: "U")

    /// Written at a time, and asked for at a time.
    static let piece = 256 << 10
    /// More than this is nobody's measurement.
    static let largestDownload: UInt64 = 1 << 40

    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }

    static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension QUICStream {
    /// Reads to the end; at most `limit` bytes, so that a wrong peer costs nothing.
    func readToEnd(limit: Int) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await self.read(atMost: 64 << 10) {
            all += bytes
            guard all.count <= limit else { throw BenchError("more than \(limit) bytes came") }
        }
        return all
    }
}
