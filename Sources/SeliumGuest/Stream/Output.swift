#if arch(wasm32)
    import SeliumABI

    /// The program's standard output or standard error. A line is one record of its log.
    public struct Output: Sendable {
        private let descriptor: Int32

        /// Standard output.
        public static let standard = Output(descriptor: 1)
        /// Standard error.
        public static let error = Output(descriptor: 2)

        /// Writes the text and a newline.
        public func line(_ text: String) throws(GuestError) {
            try write(Array(text.utf8) + [UInt8(ascii: "\n")])
        }

        /// Writes all bytes. Waits while the log takes no more.
        public func write(_ bytes: [UInt8]) throws(GuestError) {
            var done = 0
            while done < bytes.count {
                let count = try Host.write(bytes, from: done, to: descriptor)
                guard count > 0 else { throw GuestError(errno: .io) }
                done += count
            }
        }
    }
#endif
