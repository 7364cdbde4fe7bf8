import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Mutated modules", .inTurn(minutes: 2))
struct MutationTests {
    static let text = """
        (module
          (type $pair (func (param i32 i64) (result f64)))
          (import "host" "wait" (func $wait (param i32) (result i32)))
          (memory (export "memory") 1 4) (table $t 4 10 funcref) (tag $e (param i32))
          (global $g (mut i32) (i32.const 3))
          (data (i32.const 16) "some bytes in memory") (elem (i32.const 0) $leaf $leaf)
          (func $leaf (type $pair) (f64.convert_i64_s (local.get 1)))
          (func $loops (param i32) (result i32)
            (loop $again
              (global.set $g (i32.add (global.get $g) (i32.load8_u (local.get 0))))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (global.get $g))
          (func (export "run") (result i32)
            (drop (call_indirect $t (type $pair) (i32.const 1) (i64.const 2) (i32.const 1)))
            (drop (i32x4.extract_lane 0 (i32x4.splat (i32.const 7))))
            (memory.copy (i32.const 100) (i32.const 16) (i32.const 10))
            (drop (memory.grow (i32.const 2)))
            (block $caught (result i32)
              (try_table (catch $e $caught) (throw $e (call $loops (i32.const 50))))
              unreachable)
            (drop (call $wait (i32.const 5)))))
        """

    /// Kills its guest when its first turn did not end it.
    final class OneTurn: GuestUser {
        let guest = Mutex<Guest?>(nil)
        private let hadTurn = Atomic<Bool>(false)

        func turnEnded() {
            hadTurn.store(true, ordering: .sequentiallyConsistent)
            guest.withLock { $0 }?.kill(reason: 1)
        }

        func watch(_ guest: Guest) {
            self.guest.withLock { $0 = guest }
            if hadTurn.load(ordering: .sequentiallyConsistent) { guest.kill(reason: 1) }
        }
    }

    @Test("are refused, or run, trap, wait and are killed like any other; seeded", arguments: 1...4)
    func mutants(seed: UInt64) async throws {
        let original = try Module.wasm(fromText: Self.text)
        var state = seed
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(below))
        }
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let linker = try Linker(
            sharedEngine,
            functions: [
                .waiting("host", "wait", [.i32], [.i32]) { call in .wait(HostCall(call.guest)) }
            ])
        var ran = 0
        for _ in 0..<250 {
            var mutant = original
            for _ in 0...random(3) { mutant[8 + random(mutant.count - 8)] = UInt8(random(256)) }
            guard let module = try? Module.compile(mutant, engine: sharedEngine),
                let prepared = try? linker.prepare(module),
                let plan = try? EntryPlan(Entrypoint("run"), exports: module.exports)
            else { continue }
            let user = OneTurn()
            let ending = Box<RunEnd>()
            let limits = GuestLimits(memory: 1 << 20)
            let guest = scheduler.spawn(prepared, plan: plan, limits: limits, user: user) {
                ending.put($0)
            }
            user.watch(guest)
            #expect(await ending.get().peakMemory <= 1 << 20)
            user.guest.withLock { $0 = nil }
            ran += 1
        }
        #expect(ran > 10)
        #expect(scheduler.statistics.living == 0)
    }
}
