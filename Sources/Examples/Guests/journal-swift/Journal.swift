// Says how it is going in its log, as ../journal does, in Embedded Swift.
import SeliumGuest

@_expose(wasm, "_start")
@_cdecl("_start")
public func main() {
    let file = Program.arguments.first ?? "orders.csv"
    let log = Log("import")
    do {
        try log.info("began", [(name: "file", value: file)])
        try Output.standard.line("3 rows")
        try log.write(
            .warning, "a row has no price",
            [(name: "file", value: file), (name: "rows", value: "3")])
    } catch {
        Program.exit(1)
    }
}
