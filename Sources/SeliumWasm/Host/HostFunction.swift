/// What a host function answers its guest.
public enum HostReply: Sendable {
    /// For a function without results.
    case none
    case i32(Int32)
    case i64(Int64)
    case f32(Float)
    case f64(Double)
    /// Ends the guest as the program asked, with its code.
    case exit(UInt32)
    /// Ends the guest with a trap that says this.
    case trap(String)

    /// The answer as a number, if it is one.
    var value: WasmValue? {
        switch self {
        case .i32(let value): .i32(value)
        case .i64(let value): .i64(value)
        case .f32(let value): .f32(value)
        case .f64(let value): .f64(value)
        case .none, .exit, .trap: nil
        }
    }
}

/// What a host function that may wait does with its guest.
public enum HostResult: Sendable {
    /// The guest goes on at once.
    case reply(HostReply)
    /// The guest sleeps until somebody completes `call` (already complete is fine).
    case wait(HostCall)
    /// The guest goes behind the others that want to run; then `next` is asked, on the guest's own
    /// stack. For long work in bounded pieces, and for programs that yield.
    case yield(next: @Sendable (borrowing GuestMemory) -> HostResult)
}

/// A function the host offers to guests: made once, shared by all.
///
/// Both bodies run on the guest's own stack (at least 128 KiB are left): nothing deep, nothing that
/// blocks, nothing of user-controlled recursion. They may be called on any guest thread.
public struct HostFunction: Sendable {
    /// How it is called.
    public enum Body: Sendable {
        /// Never waits; the engine's fast path (about 20 ns).
        case immediate(@Sendable (borrowing GuestCall) -> HostReply)
        /// May suspend its guest (about 120 ns when it does not).
        case waiting(@Sendable (borrowing GuestCall) -> HostResult)
    }

    public var module: String
    public var name: String
    public var type: FunctionType
    public var body: Body

    /// A function that never waits. `parameters` and `results` hold numbers only, results at most one.
    public static func immediate(
        _ module: String, _ name: String, _ parameters: [WasmKind], _ results: [WasmKind],
        _ body: @escaping @Sendable (borrowing GuestCall) -> HostReply
    ) -> HostFunction {
        HostFunction(
            module: module, name: name, type: FunctionType(parameters, results),
            body: .immediate(body))
    }

    /// A function that may suspend its guest. `parameters` and `results` as above.
    public static func waiting(
        _ module: String, _ name: String, _ parameters: [WasmKind], _ results: [WasmKind],
        _ body: @escaping @Sendable (borrowing GuestCall) -> HostResult
    ) -> HostFunction {
        HostFunction(
            module: module, name: name, type: FunctionType(parameters, results),
            body: .waiting(body))
    }
}
