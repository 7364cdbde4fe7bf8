import CWasmtime

/// A host function as the engine holds it.
final class HostFunctionBox: Sendable {
    let body: HostFunction.Body
    let result: WasmKind?
    let parameterCount: Int

    init(_ function: HostFunction) {
        body = function.body
        result = function.type.results.first
        parameterCount = function.type.parameters.count
    }
}

/// A suspended host call as the engine holds it, from the call to its continuation.
@safe private final class Suspension {
    let guest: Guest
    let box: HostFunctionBox
    let results: UnsafeMutablePointer<wasmtime_val_t>?
    let trap: UnsafeMutablePointer<OpaquePointer?>
    var result: HostResult
    var hasYielded = false

    init(
        _ guest: Guest, _ box: HostFunctionBox, results: UnsafeMutablePointer<wasmtime_val_t>?,
        trap: UnsafeMutablePointer<OpaquePointer?>, result: HostResult
    ) {
        self.guest = guest
        self.box = box
        unsafe self.results = results
        unsafe self.trap = trap
        self.result = result
    }

    /// Goes on as far as possible; true when the guest has its answer.
    func resume() -> Bool {
        while true {
            switch result {
            case .reply(let reply):
                unsafe finish(reply, guest, box, results: results, trap: trap)
                return true
            case .wait(let call):
                guard let next = call.takeFinish() else {
                    guest.isWaiting = true
                    return false
                }
                result = next(guest.currentMemory())
            case .yield(let next):
                guard hasYielded else {
                    hasYielded = true
                    return false
                }
                hasYielded = false
                result = next(guest.currentMemory())
            }
        }
    }

    func abandon() {
        if case .wait(let call) = result { call.abandon() }
    }
}

/// Puts an answer where the engine wants it.
private func finish(
    _ reply: HostReply, _ guest: Guest, _ box: HostFunctionBox,
    results: UnsafeMutablePointer<wasmtime_val_t>?, trap: UnsafeMutablePointer<OpaquePointer?>
) {
    if let stop = unsafe guest.stop(for: reply, declared: box.result) {
        unsafe trap.pointee = stop
        return
    }
    guard let value = reply.value, let results = unsafe results else { return }
    unsafe results[0] = wasmtime_val_t(value)
}

/// A function that never waits.
let immediateThunk: wasmtime_func_unchecked_callback_t = { env, caller, values, count in
    guard let env = unsafe env, let caller = unsafe caller,
        let context = unsafe wasmtime_caller_context(caller),
        let data = unsafe wasmtime_context_get_data(context)
    else { return unsafe wasmtime_trap_new("host", 4) }
    let box = unsafe Unmanaged<HostFunctionBox>.fromOpaque(env).takeUnretainedValue()
    let guest = unsafe Unmanaged<Guest>.fromOpaque(data).takeUnretainedValue()
    guard case .immediate(let body) = box.body else { return unsafe wasmtime_trap_new("host", 4) }
    let call = unsafe GuestCall(
        guest, caller: caller, context: context, raw: values, count: box.parameterCount)
    let reply = body(call)
    if let stop = unsafe guest.stop(for: reply, declared: box.result) { return unsafe stop }
    guard let values = unsafe values else { return nil }
    switch reply {
    case .i32(let value): unsafe values[0].i32 = value
    case .i64(let value): unsafe values[0].i64 = value
    case .f32(let value): unsafe values[0].f32 = value
    case .f64(let value): unsafe values[0].f64 = value
    case .none, .exit, .trap: break
    }
    return nil
}

/// A function that may wait.
let waitingThunk: wasmtime_func_async_callback_t = {
    env, caller, values, _, results, _, trap, continuation in
    guard let trap = unsafe trap, let continuation = unsafe continuation else { return }
    // Without a callback of its own the engine would call through a null pointer.
    unsafe continuation.pointee = wasmtime_async_continuation_t(
        callback: { _ in true }, env: nil, finalizer: nil)
    guard let env = unsafe env, let caller = unsafe caller,
        let context = unsafe wasmtime_caller_context(caller),
        let data = unsafe wasmtime_context_get_data(context)
    else {
        unsafe trap.pointee = wasmtime_trap_new("host", 4)
        return
    }
    let box = unsafe Unmanaged<HostFunctionBox>.fromOpaque(env).takeUnretainedValue()
    let guest = unsafe Unmanaged<Guest>.fromOpaque(data).takeUnretainedValue()
    guard case .waiting(let body) = box.body else {
        unsafe trap.pointee = wasmtime_trap_new("host", 4)
        return
    }
    let call = unsafe GuestCall(
        guest, caller: caller, context: context, checked: values, count: box.parameterCount)
    let result = body(call)
    if case .reply(let reply) = result {
        return unsafe finish(reply, guest, box, results: results, trap: trap)
    }
    let suspension = unsafe Suspension(guest, box, results: results, trap: trap, result: result)
    unsafe continuation.pointee = wasmtime_async_continuation_t(
        callback: { env in
            guard let env = unsafe env else { return true }
            return unsafe Unmanaged<Suspension>.fromOpaque(env).takeUnretainedValue().resume()
        },
        env: Unmanaged.passRetained(suspension).toOpaque(),
        finalizer: { env in
            guard let env = unsafe env else { return }
            unsafe Unmanaged<Suspension>.fromOpaque(env).takeRetainedValue().abandon()
        })
}

/// Decides at every tick whether a running guest goes on.
let epochThunk:
    @convention(c) (
        OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt64>?,
        UnsafeMutablePointer<UInt8>?
    ) -> OpaquePointer? = { _, data, delta, kind in
        guard let data = unsafe data else { return nil }
        unsafe delta?.pointee = 1
        let guest = unsafe Unmanaged<Guest>.fromOpaque(data).takeUnretainedValue()
        switch guest.decideAtTick() {
        case .goOn: unsafe kind?.pointee = 0
        case .yield: unsafe kind?.pointee = 1
        case .die: return unsafe wasmtime_error_new("killed")
        }
        return nil
    }

extension wasmtime_val_t {
    init(_ value: WasmValue) {
        unsafe self.init()
        switch value {
        case .i32(let number):
            unsafe kind = 0
            unsafe of.i32 = number
        case .i64(let number):
            unsafe kind = 1
            unsafe of.i64 = number
        case .f32(let number):
            unsafe kind = 2
            unsafe of.f32 = number
        case .f64(let number):
            unsafe kind = 3
            unsafe of.f64 = number
        }
    }

    /// The number in it; nil for vectors and references.
    var number: WasmValue? {
        switch unsafe kind {
        case 0: unsafe .i32(of.i32)
        case 1: unsafe .i64(of.i64)
        case 2: unsafe .f32(of.f32)
        case 3: unsafe .f64(of.f64)
        default: nil
        }
    }
}
