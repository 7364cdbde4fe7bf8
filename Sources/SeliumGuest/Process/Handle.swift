#if arch(wasm32)
    public import SeliumABI

    /// Something the host keeps for this program, and what a program can wait for: handles, and
    /// standard input and output.
    public struct Handle: Sendable, Hashable {
        /// A `GuestHandle`, or a descriptor of WASI.
        let number: UInt32

        /// Standard input: readable when reading would not wait.
        public static let standardInput = Handle(number: 0)
        /// Standard output: writable when writing would not wait.
        public static let standardOutput = Handle(number: 1)

        /// Lets the program wait until it is readable, for ever if need be.
        public func wait() throws(GuestError) {
            _ = try wait(nanoseconds: -1)
        }

        /// Lets the program wait until it is readable: false when so many nanoseconds have passed
        /// before. Takes TimeRead; 0 only looks, which does not, and -1 is for ever.
        public func wait(nanoseconds: Int64) throws(GuestError) -> Bool {
            var entries = [PollEntry(self, .readable)]
            let ready = try Handle.poll(&entries, nanoseconds: nanoseconds)
            if entries[0].ready.contains(.bad) { throw GuestError(errno: .badDescriptor) }
            return ready > 0
        }

        /// Waits until any of them is ready, and says of each whether and for what; how many are, 0
        /// when the time is over. Times as above; from 1 to 4,096 entries.
        public static func poll(
            _ entries: inout [PollEntry], nanoseconds: Int64
        ) throws(GuestError) -> Int {
            do {
                return try Host.poll(&entries, nanoseconds: nanoseconds)
            } catch {
                switch error.errno {
                case .again, .timedOut: return 0
                default: throw error
                }
            }
        }

        /// Gives it back. A program that closes its stop requests is ended by a stop at once.
        public func close() throws(GuestError) { try Host.close(number) }
    }

    /// What a program asks of a handle, and what it hears: laid out as the host reads it.
    public struct PollEntry: Sendable {
        private var number: UInt32
        private var wanted: UInt16
        private var answer: UInt16 = 0

        /// Asks for `wanted`: `readable`, `writable`, or both.
        public init(_ handle: Handle, _ wanted: PollEvents) {
            number = handle.number
            self.wanted = wanted.rawValue
        }

        /// What it is ready for, as of the last poll.
        public var ready: PollEvents { PollEvents(rawValue: answer) }
    }
#endif
