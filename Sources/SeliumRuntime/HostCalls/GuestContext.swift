public import SeliumWasm

/// One incarnation of a process, as the functions its guest calls see it: one part per group.
public final class GuestContext: GuestUser {
    public let wasi: WASIProcess
    public let process: GuestProcess

    public init(wasi: WASIProcess, process: GuestProcess) {
        self.wasi = wasi
        self.process = process
    }

    public func turnEnded() { wasi.output.turnEnded() }
}
