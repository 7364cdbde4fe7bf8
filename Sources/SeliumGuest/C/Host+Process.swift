#if arch(wasm32)
    import SeliumABI

    // The process itself, and handles.
    extension Host {
        static func processID() throws(GuestError) -> UInt64 {
            var id: UInt64 = 0
            try check(hostProcessID(&id))
            return id
        }

        static func processName() throws(GuestError) -> String? {
            // Names have at most 63 bytes.
            var bytes = [UInt8](repeating: 0, count: 64)
            var length: UInt32 = 0
            try check(hostProcessName(&bytes, Int32(bytes.count), &length))
            guard length > 0 else { return nil }
            return String(decoding: bytes.prefix(Int(length)), as: UTF8.self)
        }

        static func becameReady() throws(GuestError) { try check(hostReady()) }

        static func heartbeat(within nanoseconds: Int64) throws(GuestError) {
            try check(hostHeartbeat(nanoseconds))
        }

        static func stopHandle() throws(GuestError) -> UInt32 {
            var handle: UInt32 = 0
            try check(hostStopHandle(&handle))
            return handle
        }

        /// How many are ready.
        static func poll(
            _ entries: inout [PollEntry], nanoseconds: Int64
        ) throws(GuestError) -> Int {
            let count = Int32(entries.count)
            var ready: UInt32 = 0
            try check(hostPollHandles(&entries, count, nanoseconds, &ready))
            return Int(ready)
        }

        static func close(_ handle: UInt32) throws(GuestError) {
            try check(hostCloseHandle(handle))
        }
    }
#endif
