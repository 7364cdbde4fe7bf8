public import SeliumWasm

/// One incarnation of a process, as the functions its guest calls see it: one part per group.
public final class GuestContext: GuestUser {
    public let wasi: WASIProcess

    public init(wasi: WASIProcess) { self.wasi = wasi }

    public func turnEnded() { wasi.output.turnEnded() }
}
