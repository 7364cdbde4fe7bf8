import SeliumTesting
import Testing

@testable import SeliumWasm

/// One tiny module per feature of WebAssembly that is on, and one per feature that is off.
@Suite("The list of features", .inTurn(minutes: 2))
struct FeatureTests {
    static let allowed: [(String, String)] = [
        ("MVP", #"(module (func (export "run") (result i32) (i32.const 1)))"#),
        (
            "sign extension",
            #"(module (func (export "run") (result i32) (i32.extend8_s (i32.const 255))))"#
        ),
        (
            "saturating conversions",
            #"(module (func (export "run") (result i32) (i32.trunc_sat_f32_s (f32.const nan))))"#
        ),
        (
            "multi-value",
            #"(module (func (export "run") (result i32 i32) (i32.const 1) (i32.const 2)))"#
        ),
        (
            "bulk memory",
            #"(module (memory 1) (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 9))))"#
        ),
        (
            "reference types",
            #"(module (table 1 externref) (func (export "run") (drop (table.get (i32.const 0)))))"#
        ),
        (
            "extended const",
            #"(module (global i32 (i32.add (i32.const 1) (i32.const 2))) (func (export "run")))"#
        ),
        ("SIMD", #"(module (func (export "run") (drop (i32x4.splat (i32.const 1)))))"#),
        ("tail calls", #"(module (func $f) (func (export "run") (return_call $f)))"#),
        (
            "exceptions",
            """
            (module (tag $e (param i32))
              (func (export "run") (result i32)
                (block $caught (result i32)
                  (try_table (catch $e $caught) (throw $e (i32.const 7)))
                  unreachable)))
            """
        ),
    ]

    static let refused: [(String, String)] = [
        ("threads", #"(module (memory 1 1) (func (drop (i32.atomic.load (i32.const 0)))))"#),
        ("shared memory", "(module (memory 1 1 shared))"),
        ("memory64", "(module (memory i64 1))"),
        ("multi-memory", "(module (memory 1) (memory 1))"),
        ("GC", "(module (type (struct (field i32))))"),
        (
            "function references",
            "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))"
        ),
        (
            "relaxed SIMD",
            "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))"
        ),
        (
            "wide arithmetic",
            "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))"
        ),
        (
            "stack switching",
            "(module (type $f (func)) (type $c (cont $f)) (func (param (ref $c))))"
        ),
        ("custom page sizes", "(module (memory 1 (pagesize 1)))"),
        ("the component model", "(component)"),
    ]

    @Test("compiles and runs what is on", arguments: FeatureTests.allowed)
    func on(name: String, text: String) async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let end = try await scheduler.run(text).end()
        guard case .returned = end.outcome else {
            Issue.record("\(name) ended \(end)")
            return
        }
    }

    @Test("refuses what is off", arguments: FeatureTests.refused)
    func off(name: String, text: String) throws {
        let wasm = try Module.wasm(fromText: text)
        #expect("\(name) is off") {
            try Module.compile(wasm, engine: sharedEngine)
        } throws: { ($0 as? WasmError)?.code == .invalidModule }
    }

    @Test("is part of the cache key, with the version and the machine's instruction sets")
    func cacheKey() {
        let key = sharedEngine.cacheKey
        #expect(key.hasPrefix("wasmtime 50.0.1 "))
        for part in ["exceptions+", "threads-", "gc-support+", "gc-", "epoch+", "cpu="] {
            #expect(key.contains(part))
        }
        #expect(!key.contains("cpu=unknown"))
    }
}
