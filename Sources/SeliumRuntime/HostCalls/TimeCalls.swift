import SeliumABI
import SeliumWasm

/// `selium_time`: the clocks, for programs without WASI. All of it takes TimeRead.
enum TimeCalls {
    static let module = "selium_time"

    /// All of them.
    static let names = Set(functions.map(\.name))

    /// Those that take a place in the guest's memory.
    static let memoryCalls: Set<String> = ["now", "monotonic"]

    static var functions: [HostFunction] {
        [
            GroupCalls.immediate("selium_time", "now", [.i32]) {
                call, context throws(MemoryFault) in
                guard context.wasi.authority.permits(.timeRead, for: "selium_time.now") else {
                    return .notCapable
                }
                try call.memory.store(context.wasi.clock.realtime(), at: call.u32(0))
                return .success
            },
            GroupCalls.immediate("selium_time", "monotonic", [.i32]) {
                call, context throws(MemoryFault) in
                guard context.wasi.authority.permits(.timeRead, for: "selium_time.monotonic") else {
                    return .notCapable
                }
                try call.memory.store(context.wasi.clock.monotonic(), at: call.u32(0))
                return .success
            },
            GroupCalls.waiting("selium_time", "sleep", [.i64]) { call, context in
                guard context.wasi.authority.permits(.timeRead, for: "selium_time.sleep") else {
                    return WASI.result(.notCapable)
                }
                guard let time = UInt64(exactly: call.i64(0)) else { return WASI.result(.invalid) }
                return sleep(until: context.wasi.deadline(after: time), call.guest, context)
            },
        ]
    }

    private static func sleep(
        until deadline: UInt64, _ guest: Guest, _ context: GuestContext
    ) -> HostResult {
        guard context.wasi.clock.monotonic() < deadline else { return WASI.result(.success) }
        return GuestWait(deadline: deadline).begin(guest, context) { _ in
            sleep(until: deadline, guest, context)
        }
    }
}
