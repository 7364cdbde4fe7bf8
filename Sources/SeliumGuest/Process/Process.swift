#if arch(wasm32)
    /// This process, as its host knows it. None of this takes a capability.
    public enum Process {
        /// The id that `selium ps` shows.
        public static func id() throws(GuestError) -> UInt64 { try Host.processID() }

        /// The name it was started with, nil without one.
        public static func name() throws(GuestError) -> String? { try Host.processName() }

        /// Tells that the program is ready for what it is there for. Again changes nothing.
        public static func ready() throws(GuestError) { try Host.becameReady() }

        /// Tells that the program lives, and promises to do so again within so many nanoseconds, from
        /// 100 ms to 1 h. A program that breaks the promise is ended.
        public static func promiseHeartbeat(within nanoseconds: Int64) throws(GuestError) {
            try Host.heartbeat(within: nanoseconds)
        }

        /// Takes the promise back.
        public static func endHeartbeats() throws(GuestError) { try Host.heartbeat(within: 0) }

        /// Becomes readable when somebody wants the program to stop. From the first call on `selium
        /// stop` gives it its `--stop-timeout` to end by itself; without, it ends at once.
        public static func stopRequests() throws(GuestError) -> Handle {
            Handle(number: try Host.stopHandle())
        }
    }
#endif
