import SeliumABI
import SeliumKernel
import SeliumWasm

/// `selium_process`: what a process asks and tells about itself. That takes no capability.
enum ProcessCalls {
    static let module = "selium_process"

    /// Those that take a place in the guest's memory.
    static let memoryCalls: Set<String> = ["id", "name", "stop_handle"]

    static var functions: [HostFunction] {
        [
            GroupCalls.immediate("selium_process", "id", [.i32]) {
                call, context throws(MemoryFault) in
                try call.memory.store(context.process.id, at: call.u32(0))
                return .success
            },
            GroupCalls.immediate("selium_process", "name", [.i32, .i32, .i32]) {
                call, context throws(MemoryFault) in
                let name = context.process.name
                let (place, room) = (call.u32(0), call.u32(1))
                try call.memory.check(place, room)
                try call.memory.store(UInt32(clamping: name.count), at: call.u32(2))
                guard name.count <= Int(room) else { return .range }
                try call.memory.write(name, at: place)
                return .success
            },
            GroupCalls.immediate("selium_process", "ready", []) { _, context in
                context.process.supervision.becameReady()
                return .success
            },
            GroupCalls.immediate("selium_process", "heartbeat", [.i64]) { call, context in
                let interval = call.i64(0)
                guard interval != 0 else {
                    context.process.supervision.heartbeat(within: nil)
                    return .success
                }
                guard let interval = UInt64(exactly: interval),
                    interval >= Limits.heartbeatShortest, interval <= Limits.heartbeatLongest
                else { return .invalid }
                context.process.supervision.heartbeat(within: interval)
                return .success
            },
            GroupCalls.immediate("selium_process", "stop_handle", [.i32]) {
                call, context throws(MemoryFault) in
                // A guest that would not hear of the handle has not asked for it either.
                try call.memory.check(call.u32(0), 4)
                guard let handle = context.process.handles.openStopRequests() else {
                    return .tooManyHandles
                }
                try call.memory.store(handle.rawValue, at: call.u32(0))
                return .success
            },
        ]
    }
}
