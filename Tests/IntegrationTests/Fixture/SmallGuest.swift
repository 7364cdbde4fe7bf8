import Foundation

/// Guests of a few instructions, as bytes: their text is above each.
enum SmallGuest {
    /// Writes 3,200 blocks of 64 KiB (200 MiB) to stdout as fast as it can, each with its number
    /// (u32, little-endian) in front, `x` behind it, and a newline as its last byte:
    /// ```
    /// (module
    ///   (import "wasi_snapshot_preview1" "fd_write"
    ///     (func $write (param i32 i32 i32 i32) (result i32)))
    ///   (memory (export "memory") 3)
    ///   (func (export "_start") (local $i i32) (local $at i32) (local $left i32)
    ///     (memory.fill (i32.const 65536) (i32.const 120) (i32.const 65536))
    ///     (i32.store8 (i32.const 131071) (i32.const 10))
    ///     (loop $blocks
    ///       (i32.store (i32.const 65536) (local.get $i))
    ///       (local.set $at (i32.const 65536)) (local.set $left (i32.const 65536))
    ///       (loop $rest
    ///         (i32.store (i32.const 0) (local.get $at))
    ///         (i32.store (i32.const 4) (local.get $left))
    ///         (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
    ///           (then unreachable))
    ///         (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
    ///         (local.set $left (i32.sub (local.get $left) (i32.load (i32.const 8))))
    ///         (br_if $rest (local.get $left)))
    ///       (local.set $i (i32.add (local.get $i) (i32.const 1)))
    ///       (br_if $blocks (i32.lt_u (local.get $i) (i32.const 3200))))))
    /// ```
    static let flood = """
        AGFzbQEAAAABDAJgBH9/f38Bf2AAAAIjARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dyaXRlAAADAgEBBQMB
        AAMHEwIGbWVtb3J5AgAGX3N0YXJ0AAEKewF5AQN/QYCABEH4AEGAgAT8CwBB//8HQQo6AAADQEGAgAQgADYCAEGA
        gAQhAUGAgAQhAgNAQQAgATYCAEEEIAI2AgBBAUEAQQFBCBAABEAACyABQQgoAgBqIQEgAkEIKAIAayECIAINAAsg
        AEEBaiEAIABBgBlJDQALCw==
        """

    /// Writes 10,000 lines of 1,000 bytes, each its number in eight digits and dots, then waits for an
    /// hour:
    /// ```
    /// (module
    ///   (import "wasi_snapshot_preview1" "fd_write"
    ///     (func $write (param i32 i32 i32 i32) (result i32)))
    ///   (import "wasi_snapshot_preview1" "poll_oneoff"
    ///     (func $poll (param i32 i32 i32 i32) (result i32)))
    ///   (memory (export "memory") 1)
    ///   (func (export "_start")
    ///     (local $n i32) (local $rest i32) (local $place i32) (local $at i32)
    ///     (memory.fill (i32.const 1024) (i32.const 46) (i32.const 999))
    ///     (i32.store8 (i32.const 2023) (i32.const 10))
    ///     (loop $lines
    ///       (local.set $n (i32.add (local.get $n) (i32.const 1)))
    ///       (local.set $rest (local.get $n))
    ///       (local.set $place (i32.const 1031))
    ///       (loop $digits
    ///         (i32.store8 (local.get $place)
    ///           (i32.add (i32.const 48) (i32.rem_u (local.get $rest) (i32.const 10))))
    ///         (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
    ///         (local.set $place (i32.sub (local.get $place) (i32.const 1)))
    ///         (br_if $digits (i32.ge_u (local.get $place) (i32.const 1024))))
    ///       (local.set $at (i32.const 1024))
    ///       (loop $part
    ///         (i32.store (i32.const 0) (local.get $at))
    ///         (i32.store (i32.const 4) (i32.sub (i32.const 2024) (local.get $at)))
    ///         (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
    ///           (then unreachable))
    ///         (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
    ///         (br_if $part (i32.lt_u (local.get $at) (i32.const 2024))))
    ///       (br_if $lines (i32.lt_u (local.get $n) (i32.const 10000))))
    ///     (i32.store (i32.const 80) (i32.const 1))
    ///     (i64.store (i32.const 88) (i64.const 3600000000000))
    ///     (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8)))))
    /// ```
    static let counter = """
        AGFzbQEAAAABDAJgBH9/f38Bf2AAAAJIAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dyaXRlAAAWd2FzaV9zbmFw
        c2hvdF9wcmV2aWV3MQtwb2xsX29uZW9mZgAAAwIBAQUDAQABBxMCBm1lbW9yeQIABl9zdGFydAACCrkBAbYBAQR/QYAI
        QS5B5wf8CwBB5w9BCjoAAANAIABBAWohACAAIQFBhwghAgNAIAJBMCABQQpwajoAACABQQpuIQEgAkEBayECIAJBgAhP
        DQALQYAIIQMDQEEAIAM2AgBBBEHoDyADazYCAEEBQQBBAUEIEAAEQAALIANBCCgCAGohAyADQegPSQ0ACyAAQZDOAEkN
        AAtB0ABBATYCAEHYAEKAwOKF4+gANwMAQcAAQYABQQFBCBABGgs=
        """

    /// Prints `up` and exits with 3:
    /// ```
    /// (module
    ///   (import "wasi_snapshot_preview1" "fd_write"
    ///     (func $write (param i32 i32 i32 i32) (result i32)))
    ///   (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    ///   (memory (export "memory") 1)
    ///   (data (i32.const 0) "\10\00\00\00\03\00\00\00")
    ///   (data (i32.const 16) "up\0a")
    ///   (func (export "_start")
    ///     (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    ///     (call $exit (i32.const 3))))
    /// ```
    static let fails = """
        AGFzbQEAAAABEANgBH9/f38Bf2ABfwBgAAACRgIWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQhmZF93cml0ZQAAFndhc2lf
        c25hcHNob3RfcHJldmlldzEJcHJvY19leGl0AAEDAgECBQMBAAEHEwIGbWVtb3J5AgAGX3N0YXJ0AAIKEwERAEEBQQBB
        AUEIEAAaQQMQAQsLFgIAQQALCBAAAAADAAAAAEEQCwN1cAo=
        """

    /// Calls an import that nobody has, `b⏎c` of the module `a`, ESC, `[31m`.
    static let oddImport = """
        AGFzbQEAAAABBAFgAAACDgEGYRtbMzFtA2IKYwAAAwIBAAUDAQABBxMCBl9zdGFydAABBm1lbW9yeQIACgYBBAAQ
        AAs=
        """

    /// Does nothing, and has one more section, of an id from 4 to 6:
    /// `(module … (func (export "_start")))`.
    static func idle(with section: UInt8, _ body: [UInt8]) -> [UInt8] {
        let header: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
        let before: [UInt8] = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]
        let export: [UInt8] = [7, 10, 1, 6] + Array("_start".utf8) + [0, 0]
        let code: [UInt8] = [10, 4, 1, 2, 0, 0x0b]
        return header + before + [section, UInt8(body.count)] + body + export + code
    }

    /// Writes a guest into a directory; its path.
    static func write(_ base64: String, to directory: URL, as name: String) throws -> String {
        guard let bytes = Data(base64Encoded: base64, options: .ignoreUnknownCharacters) else {
            throw MissingTool(message: "the bytes of \(name) are not base64")
        }
        let file = directory.appending(path: name)
        try bytes.write(to: file)
        return file.path
    }
}
