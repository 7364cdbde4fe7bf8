import SeliumABI
import SeliumWasm

/// How the functions of our own modules are written: all answer an error number.
enum GroupCalls {
    /// A function that never waits.
    static func immediate(
        _ module: String, _ name: String, _ parameters: [WasmKind],
        _ body:
            @escaping @Sendable (borrowing GuestCall, GuestContext) throws(MemoryFault) -> Errno
    ) -> HostFunction {
        .immediate(module, name, parameters, [.i32]) { call in
            guard let context = call.user(as: GuestContext.self) else {
                return WASI.reply(.notSupported)
            }
            do throws(MemoryFault) {
                return WASI.reply(try body(call, context))
            } catch {
                return WASI.reply(.fault)
            }
        }
    }

    /// A function that may wait.
    static func waiting(
        _ module: String, _ name: String, _ parameters: [WasmKind],
        _ body:
            @escaping @Sendable (borrowing GuestCall, GuestContext) throws(MemoryFault)
            -> HostResult
    ) -> HostFunction {
        .waiting(module, name, parameters, [.i32]) { call in
            guard let context = call.user(as: GuestContext.self) else {
                return WASI.result(.notSupported)
            }
            do throws(MemoryFault) {
                return try body(call, context)
            } catch {
                return WASI.result(.fault)
            }
        }
    }
}
