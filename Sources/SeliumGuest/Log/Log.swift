#if arch(wasm32)
    public import SeliumABI

    /// Records in the process's log beside what it prints: with a level, and values that have names.
    /// They take no capability.
    public struct Log: Sendable {
        /// The part of the program that speaks; it does not begin with `selium`.
        public let target: String

        /// A log of one part of the program, or of the program.
        public init(_ target: String = "") { self.target = target }

        /// Writes a record; waits while the log takes no more. At most 64 fields, and 8 KiB of text in
        /// all (`tooBig`).
        public func write(
            _ level: LogLevel, _ message: String, _ fields: [(name: String, value: String)] = []
        ) throws(GuestError) {
            try Host.log(level, target, message, fields)
        }

        /// Something of the usual course of things.
        public func info(
            _ message: String, _ fields: [(name: String, value: String)] = []
        ) throws(GuestError) {
            try write(.info, message, fields)
        }

        /// Something failed.
        public func error(
            _ message: String, _ fields: [(name: String, value: String)] = []
        ) throws(GuestError) {
            try write(.error, message, fields)
        }
    }
#endif
