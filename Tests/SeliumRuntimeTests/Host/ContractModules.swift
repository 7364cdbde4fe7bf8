import SeliumTestSupport
import SeliumWasm

/// The contract's behaviours as WebAssembly.
enum ContractModules {
    static func module(_ behaviour: HostContract.Behaviour) -> [UInt8] {
        switch behaviour {
        case .lines(let count, let code): wasm(lines(count, code))
        case .bothStreams: wasm(bothStreams)
        case .echo: wasm(echo)
        case .endless:
            wasm(#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#)
        case .ready:
            wasm(
                """
                (module (import "selium_process" "ready" (func $ready (result i32)))
                  (memory (export "memory") 1)
                  (func (export "_start") (drop (call $ready)) (loop (br 0))))
                """)
        case .trap:
            wasm(#"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#)
        case .readsClock: wasm(readsClock)
        case .garbage: Array("this is no module".utf8)
        }
    }

    static func wasm(_ text: String) -> [UInt8] {
        do {
            return try Module.wasm(fromText: text)
        } catch {
            preconditionFailure("the test's module is wrong: \(error)")
        }
    }

    static let imports = """
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        """

    /// Writes all lines at once, then exits.
    private static func lines(_ count: Int, _ code: UInt32) -> String {
        let text = (1...count).map { "line \($0)\\n" }.joined()
        let size = (1...count).reduce(0) { $0 + "line \($1)\n".utf8.count }
        return """
            (module \(imports)
              (memory (export "memory") \(1 + size / 65_536 + 1))
              (data (i32.const 1024) "\(text)")
              (func (export "_start")
                (i32.store (i32.const 0) (i32.const 1024))
                (i32.store (i32.const 4) (i32.const \(size)))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $exit (i32.const \(code)))))
            """
    }

    private static let bothStreams = """
        (module \(imports)
          (memory (export "memory") 1)
          (data (i32.const 1024) "out\\nerr\\nrest")
          (func $say (param $fd i32) (param $at i32) (param $size i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $size))
            (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
          (func (export "_start")
            (call $say (i32.const 1) (i32.const 1024) (i32.const 4))
            (call $say (i32.const 2) (i32.const 1028) (i32.const 4))
            (call $say (i32.const 1) (i32.const 1032) (i32.const 4))))
        """

    private static let echo = """
        (module \(imports)
          (memory (export "memory") 1)
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 1024))
            (block $end
              (loop $more
                (i32.store (i32.const 4) (i32.const 4096))
                (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br_if $end (i32.eqz (i32.load (i32.const 8))))
                (i32.store (i32.const 4) (i32.load (i32.const 8)))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br $more)))
            (call $exit (i32.const 0))))
        """

    private static let readsClock = """
        (module
          (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start") (drop (call $time (i32.const 0) (i64.const 1) (i32.const 0)))))
        """
}
