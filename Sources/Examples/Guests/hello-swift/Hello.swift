// A guest in Embedded Swift: no Foundation, no runtime, and everything it prints is in its log.
import SeliumGuest

/// What WASI calls a program's main.
@_expose(wasm, "_start")
@_cdecl("_start")
public func main() {
    do {
        let name = Program.arguments.first ?? "nobody"
        try Output.standard.line("Hello, \(name), from Embedded Swift")
    } catch {
        Program.exit(1)
    }
}
