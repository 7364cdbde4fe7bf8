// A guest in Embedded Swift: no runtime, no Foundation, 40 kB. It greets its first argument.

/// What WASI calls a program's main.
@_expose(wasm, "_start")
@_cdecl("_start")
public func main() {
    let name = Arguments.all().dropFirst().first ?? "nobody"
    Output.write("Hello, \(name), from Embedded Swift\n")
}
