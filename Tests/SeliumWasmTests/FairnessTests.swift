import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Sharing the threads", .inTurn(minutes: 2))
struct FairnessTests {
    /// Counts the turns of guests; tells when one guest had so many.
    final class Turns: GuestUser {
        let counts: Shared
        let index: Int

        final class Shared: @unchecked Sendable {
            // Not `Mutex`, whose lock the thread sanitizer does not see.
            private let monitor = Monitor()
            private var counts: [Int]
            let watched = Box<[Int]>()
            let goal: Int

            init(guests: Int, goal: Int = .max) {
                counts = Array(repeating: 0, count: guests)
                self.goal = goal
            }

            func withLock<R>(_ body: (inout [Int]) -> R) -> R {
                monitor.lock()
                defer { monitor.unlock() }
                return body(&counts)
            }

            var sum: Int { withLock { $0.reduce(0, +) } }
        }

        init(_ counts: Shared, _ index: Int) {
            self.counts = counts
            self.index = index
        }

        func turnEnded() {
            let done = counts.withLock { counts -> [Int]? in
                counts[index] += 1
                // From when all had begun: guest 0 may have been alone for a while.
                if counts.contains(0) { counts = counts.map { min($0, 1) } }
                return counts[0] == self.counts.goal ? counts : nil
            }
            if let done { counts.watched.put(done) }
        }
    }

    /// Starts guests that never end, and counts their turns.
    func spin(_ scheduler: Scheduler, _ shared: Turns.Shared, _ number: Int) throws -> [Running] {
        let prepared = try prepare(KillTests.spin)
        return try (0..<number).map { index in
            try Running { told in
                try scheduler.spawn(
                    prepared, entry: Entrypoint("run"), user: Turns(shared, index), onEnd: told)
            }
        }
    }

    @Test("guests that compute get about the same number of turns")
    func spinners() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let shared = Turns.Shared(guests: 8, goal: 20)
        let crowd = try spin(scheduler, shared, 8)
        let counts = await shared.watched.get()
        for running in crowd { _ = await running.kill(reason: 1) }
        #expect(counts.allSatisfy { (10...30).contains($0) }, "\(counts)")
    }

    @Test("a guest that wakes goes before those that compute")
    func latency() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let shared = Turns.Shared(guests: 8)
        let crowd = try spin(scheduler, shared, 8)
        let timers = try TimerService()
        /// Turns of others between a wake-up and the guest's next word.
        let turns = Mutex<(wokenAt: Int, between: [Int])>((0, []))
        let sleeper = try prepare(
            """
            (module (import "host" "sleep" (func $sleep))
              (func (export "run") (param i32)
                (loop $again
                  (call $sleep)
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
            """,
            [
                .waiting("host", "sleep", [], []) { call in
                    turns.withLock { $0.between.append(shared.sum - $0.wokenAt) }
                    let wait = HostCall(call.guest)
                    _ = timers.schedule(at: TimerService.now() + 1_000_000) {
                        turns.withLock { $0.wokenAt = shared.sum }
                        wait.complete(.none)
                    }
                    return .wait(wait)
                }
            ])
        let running = try scheduler.run(sleeper, entry: Entrypoint("run", arguments: [.i32(100)]))
        #expect(await running.end().outcome == .returned([]))
        for running in crowd { _ = await running.kill(reason: 1) }
        let between = turns.withLock { $0.between }.dropFirst().sorted()
        // The turn that was under way; behind the eight it would be eight. The median, because on a
        // busy machine turns also pass between looking at the count and waking.
        #expect(between.count == 99)
        #expect(between[50] <= 4, "\(between)")
    }

    @Test("a guest that computes runs beside those that talk without pause")
    func starvation() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let talker = try prepare(
            """
            (module (import "host" "wait" (func $wait))
              (func (export "run") (loop $again (call $wait) (br $again))))
            """,
            [
                .waiting("host", "wait", [], []) { call in
                    let wait = HostCall(call.guest)
                    // Parks, and is woken at once: always hot.
                    Task { wait.complete(.none) }
                    return .wait(wait)
                }
            ])
        let talkers = try (0..<16).map { _ in try scheduler.run(talker) }
        let counting = try scheduler.run(
            """
            (module (func (export "run") (result i64) (local i64)
              (loop $again
                (br_if $again (i64.lt_u (local.tee 0 (i64.add (local.get 0) (i64.const 1))) (i64.const 50000000))))
              (local.get 0)))
            """)
        #expect(await counting.end().outcome == .returned([.i64(50_000_000)]))
        for running in talkers { running.guest.kill(reason: 1) }
        for running in talkers { _ = await running.end() }
    }

    @Test("the timer thread calls in order of time, and not what was taken back")
    func timers() async throws {
        let timers = try TimerService()
        let order = Mutex<[Int]>([])
        let done = Box<Bool>()
        // Holds the timer thread until everything is scheduled; all of it is due by then.
        let isReady = Atomic<Bool>(false)
        _ = timers.schedule(at: 0) { while !isReady.load(ordering: .acquiring) {} }
        for (index, deadline) in [3, 1, 2].enumerated() {
            _ = timers.schedule(at: UInt64(deadline)) { order.withLock { $0.append(index) } }
        }
        let never = timers.schedule(at: 2) { order.withLock { $0.append(99) } }
        timers.cancel(never)
        _ = timers.schedule(at: 4) { done.put(true) }
        isReady.store(true, ordering: .releasing)
        #expect(await done.get())
        #expect(order.withLock { $0 } == [1, 2, 0])
        #expect(timers.count == 0)
    }

    @Test("the timer heap agrees with a sorted list under insertions and removals")
    func heap() {
        var heap = TimerHeap<UInt64>()
        var model: [UInt64: UInt64] = [:]
        var seed: UInt64 = 42
        func random(_ below: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed >> 33) % below
        }
        for id in 1...5_000 as ClosedRange<UInt64> {
            let deadline = random(1_000)
            heap.insert(id, at: deadline, id)
            model[id] = deadline
            if random(3) == 0 {
                let gone = random(id) + 1
                #expect(heap.remove(gone) == (model.removeValue(forKey: gone) == nil ? nil : gone))
            }
            if random(4) == 0 {
                let now = random(1_000)
                if let due = heap.popDue(now) {
                    #expect(model[due] == model.values.min())
                    model[due] = nil
                } else {
                    #expect((model.values.min() ?? .max) > now)
                }
            }
            #expect(heap.count == model.count)
        }
    }
}
