#if arch(wasm32)
    /// Time, in nanoseconds. Everything here needs the capability `TimeRead` and fails with
    /// `notCapable` without it.
    public enum Clock {
        /// Since 1970 in UTC.
        public static func now() throws(GuestError) -> UInt64 { try Host.time(0) }

        /// Of a clock that never goes back, from some point in the past.
        public static func monotonic() throws(GuestError) -> UInt64 { try Host.time(1) }

        /// Lets at least this much time pass. Other guests run meanwhile.
        public static func sleep(nanoseconds: UInt64) throws(GuestError) {
            try Host.wait(nanoseconds: nanoseconds)
        }
    }
#endif
