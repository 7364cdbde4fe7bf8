#if arch(wasm32)
    /// The program's standard input. Empty unless the starter sends one.
    public struct Input {
        private var pending: [UInt8] = []
        private var hasEnded = false

        /// The most bytes of one line; a longer one comes in pieces of this length.
        public static let longestLine = 64 * 1024

        /// Standard input from where it is now. Make one: it holds what it has read ahead.
        public init() {}

        /// The next line without its newline, nil at the end. Bytes that are not UTF-8 are replaced.
        public mutating func line() throws(GuestError) -> String? {
            while true {
                if let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: pending[..<newline], as: UTF8.self)
                    pending.removeSubrange(...newline)
                    return line
                }
                if hasEnded || pending.count >= Self.longestLine {
                    guard !pending.isEmpty else { return nil }
                    let rest = String(decoding: pending, as: UTF8.self)
                    pending = []
                    return rest
                }
                let more = try Host.read(upTo: 4096, from: 0)
                hasEnded = more.isEmpty
                pending += more
            }
        }
    }
#endif
