import SeliumABI
import SeliumKernel
import SeliumWasm

extension WASI {
    /// The clocks of WASI, by their numbers.
    enum Clock: UInt32 {
        case realtime = 0
        case monotonic = 1
        case processTime = 2
        case threadTime = 3
    }

    /// Clocks and random numbers.
    static var clocks: [HostFunction] {
        [
            immediate("clock_res_get", [.i32, .i32]) { call, process throws(MemoryFault) in
                guard process.authority.permits(.timeRead, for: "clock_res_get") else {
                    return .notCapable
                }
                guard Clock(rawValue: call.u32(0)) != nil else { return .invalid }
                try call.memory.store(process.clock.resolution, at: call.u32(1))
                return .success
            },
            immediate("clock_time_get", [.i32, .i64, .i32]) { call, process throws(MemoryFault) in
                guard process.authority.permits(.timeRead, for: "clock_time_get") else {
                    return .notCapable
                }
                guard let clock = Clock(rawValue: call.u32(0)) else { return .invalid }
                let now =
                    switch clock {
                    case .realtime: UInt64(max(0, process.clock.realtime()))
                    case .monotonic: process.clock.monotonic()
                    case .processTime, .threadTime: call.cpuNanoseconds
                    }
                try call.memory.store(now, at: call.u32(2))
                return .success
            },
            waiting("random_get", [.i32, .i32]) { call, _ throws(MemoryFault) in
                try call.memory.check(call.u32(0), call.u32(1))
                return random(call.u32(0), call.u32(1), call.memory)
            },
        ]
    }

    /// Fills a range in pieces of what one host call may copy, with a yield in between: 128 MiB of
    /// random numbers take a third of a second, and others want to run.
    private static func random(
        _ pointer: UInt32, _ count: UInt32, _ memory: borrowing GuestMemory
    ) -> HostResult {
        let piece = min(count, UInt32(Limits.hostCallBytes))
        do throws(MemoryFault) {
            let filled = try memory.withMutableBytes(at: pointer, count: piece) {
                fillWithRandom(&$0)
            }
            guard filled else { return result(.io) }
        } catch {
            return result(.fault)
        }
        guard count > piece else { return result(.success) }
        return .yield { memory in random(pointer + piece, count - piece, memory) }
    }
}
