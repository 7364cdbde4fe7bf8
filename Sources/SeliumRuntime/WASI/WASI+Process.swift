import SeliumABI
import SeliumWasm

extension WASI {
    /// Ending, yielding, signals.
    static var process: [HostFunction] {
        [
            .immediate(module, "proc_exit", [.i32], []) { call in .exit(call.u32(0)) },
            immediate("proc_raise", [.i32]) { _, _ in .notImplemented },
            waiting("sched_yield", []) { _, _ in .yield { _ in result(.success) } },
        ]
    }

    /// There are no sockets here; networking has imports of its own.
    static var sockets: [HostFunction] {
        let calls: [(String, Int)] = [
            ("sock_accept", 3), ("sock_recv", 6), ("sock_send", 5), ("sock_shutdown", 2),
        ]
        return calls.map { name, count in
            immediate(name, Array(repeating: .i32, count: count)) { _, _ in .notImplemented }
        }
    }
}
