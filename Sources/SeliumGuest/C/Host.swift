#if arch(wasm32)
    import SeliumABI

    /// The host's functions with values instead of pointers.
    enum Host {
        /// The words of a list that the host hands over as pointers and zero-terminated bytes.
        enum List {
            case arguments, environment
        }

        static func strings(_ list: List) -> [String] {
            var count: UInt32 = 0
            var size: UInt32 = 0
            let sizes =
                switch list {
                case .arguments: hostArgumentSizes(&count, &size)
                case .environment: hostEnvironmentSizes(&count, &size)
                }
            guard sizes == 0, count > 0, size > 0 else { return [] }
            var pointers = [UInt32](repeating: 0, count: Int(count))
            var bytes = [UInt8](repeating: 0, count: Int(size))
            let filled =
                switch list {
                case .arguments: hostArguments(&pointers, &bytes)
                case .environment: hostEnvironment(&pointers, &bytes)
                }
            guard filled == 0 else { return [] }
            // The strings lie one after the other, each with a zero behind it.
            return bytes.split(
                separator: 0, maxSplits: Int(count), omittingEmptySubsequences: false
            )
            .prefix(Int(count)).map { String(decoding: $0, as: UTF8.self) }
        }

        /// Writes some of the bytes from `start` on; returns how many.
        static func write(
            _ bytes: [UInt8], from start: Int, to descriptor: Int32
        ) throws(GuestError) -> Int {
            var done: UInt32 = 0
            let result = bytes.withUnsafeBytes { buffer in
                var vector = Vector(UnsafeRawBufferPointer(rebasing: buffer[start...]))
                return hostWrite(descriptor, &vector, 1, &done)
            }
            try check(result)
            return Int(done)
        }

        /// Reads at most `limit` bytes; none at the end.
        static func read(upTo limit: Int, from descriptor: Int32) throws(GuestError) -> [UInt8] {
            var done: UInt32 = 0
            var result: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                var vector = Vector(UnsafeRawBufferPointer(buffer))
                result = hostRead(descriptor, &vector, 1, &done)
                count = result == 0 ? Int(done) : 0
            }
            try check(result)
            return bytes
        }

        /// A clock's time in nanoseconds.
        static func time(_ clock: Int32) throws(GuestError) -> UInt64 {
            var time: UInt64 = 0
            try check(hostTime(clock, 1, &time))
            return time
        }

        /// Waits on the monotonic clock.
        static func wait(nanoseconds: UInt64) throws(GuestError) {
            // subscription: u64 user data; u8 tag 0 = clock; u32 clock id 1 = monotonic; u64
            // timeout, u64 precision, u16 flags 0 = relative. event: 32 bytes.
            let subscription: [UInt64] = [0, 0, 1, nanoseconds, 0, 0]
            var event: [UInt64] = [0, 0, 0, 0]
            var done: UInt32 = 0
            try check(hostPoll(subscription, &event, 1, &done))
            // The event's error is the u16 behind its user data.
            try check(Int32(truncatingIfNeeded: event[1] & 0xFFFF))
        }

        static func exit(_ code: Int32) -> Never {
            hostExit(code)
            fatalError("the host let a program go on that had ended")
        }

        static func check(_ result: Int32) throws(GuestError) {
            guard result != 0 else { return }
            throw GuestError(
                errno: Errno(rawValue: UInt16(truncatingIfNeeded: result)) ?? .notSupported)
        }

        /// An address and a length in this module's memory, as the host reads them.
        private struct Vector {
            var address: UInt32
            var count: UInt32

            init(_ bytes: UnsafeRawBufferPointer) {
                address = UInt32(UInt(bitPattern: bytes.baseAddress))
                count = UInt32(bytes.count)
            }
        }
    }
#endif
