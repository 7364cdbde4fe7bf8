// A worker that ends in order, as ../worker does, in Embedded Swift.
import SeliumGuest

@_expose(wasm, "_start")
@_cdecl("_start")
public func main() {
    do {
        // Should it hang from here to where it takes this back, it is ended as one that failed.
        try Process.promiseHeartbeat(within: 60_000_000_000)
        let stop = try Process.stopRequests()
        try Process.ready()
        let id = try Process.id()
        let name = try Process.name() ?? "nameless"
        try Output.standard.line("process \(id), \(name), is ready")
        // To wait is not to hang.
        try Process.endHeartbeats()
        try stop.wait()
        try Output.standard.line("asked to stop")
    } catch {
        Program.exit(1)
    }
    Program.exit(5)
}
