import SeliumWasm

/// What a guest waits for: the first of these wakes it.
struct GuestWait {
    /// Of the monotonic clock; nil, or the end of all time: no time wakes it.
    var deadline: UInt64?
    var input = false
    var output = false
    var stopRequest = false

    /// Lets the guest wait; then `next` answers, or lets it wait again.
    func begin(
        _ guest: Guest, _ context: GuestContext,
        next: @escaping @Sendable (borrowing GuestMemory) -> HostResult
    ) -> HostResult {
        let call = HostCall(guest)
        let again: @Sendable () -> Void = { call.complete(next) }
        var wake = again
        if let deadline, deadline != .max {
            let timers = context.wasi.timers
            let timer = timers.schedule(at: deadline, again)
            call.onAbandon { timers.cancel(timer) }
            // Whichever comes first; the timer must not stay behind when another wins.
            wake = {
                timers.cancel(timer)
                again()
            }
        }
        if input { context.wasi.input.onReadable(wake) }
        if output { context.wasi.output.onWritable(wake) }
        if stopRequest { context.process.handles.onStopRequest(wake) }
        return .wait(call)
    }
}
