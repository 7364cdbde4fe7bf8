import SeliumABI
import SeliumKernel
import SeliumWasm

/// WASI preview 1, by us: the engine's own blocks the thread in a sleep, and cannot be metered.
///
/// Functions: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md. Every one is
/// here, so that a module is checked against its real type. stdin, stdout and stderr are character
/// devices that cannot seek, so that C and Python write line by line. Files, and sockets, are not.
enum WASI {
    static let module = "wasi_snapshot_preview1"

    static var functions: [HostFunction] {
        words + clocks + descriptors + streams + files + sockets + process
    }

    /// What each import needs to be of use.
    static let capabilities: [String: Capability] = {
        var needs: [String: Capability] = [
            "clock_time_get": .timeRead, "clock_res_get": .timeRead, "poll_oneoff": .timeRead,
        ]
        for call in pathCalls { needs[call.name] = call.capability }
        return needs
    }()

    /// Those that take nothing but numbers.
    static let numberCalls: Set<String> = [
        "fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_set_flags",
        "fd_fdstat_set_rights", "fd_filestat_set_size", "fd_filestat_set_times", "fd_renumber",
        "fd_sync", "proc_exit", "proc_raise", "sched_yield", "sock_shutdown",
    ]

    /// All others: these take a place in the guest's memory to read from or write to.
    static let memoryCalls = Set(functions.map(\.name)).subtracting(numberCalls)

    // MARK: how functions are written

    /// A function that answers an error number and never waits.
    static func immediate(
        _ name: String, _ parameters: [WasmKind],
        _ body: @escaping @Sendable (borrowing GuestCall, WASIProcess) throws(MemoryFault) -> Errno
    ) -> HostFunction {
        .immediate(module, name, parameters, [.i32]) { call in
            guard let context = call.user(as: GuestContext.self) else {
                return reply(.notSupported)
            }
            do throws(MemoryFault) {
                return reply(try body(call, context.wasi))
            } catch {
                return reply(.fault)
            }
        }
    }

    /// A function that may wait.
    static func waiting(
        _ name: String, _ parameters: [WasmKind],
        _ body:
            @escaping @Sendable (borrowing GuestCall, WASIProcess) throws(MemoryFault) -> HostResult
    ) -> HostFunction {
        GroupCalls.waiting(module, name, parameters) { call, context throws(MemoryFault) in
            try body(call, context.wasi)
        }
    }

    static func reply(_ errno: Errno) -> HostReply { .i32(Int32(errno.rawValue)) }
    static func result(_ errno: Errno) -> HostResult { .reply(reply(errno)) }

    /// A number as the answer of a call that succeeded, at a place the guest gave.
    static func result(_ value: UInt32, at pointer: UInt32, in memory: borrowing GuestMemory)
        -> HostResult
    {
        do throws(MemoryFault) {
            try memory.store(value, at: pointer)
            return result(.success)
        } catch {
            return result(.fault)
        }
    }
}
