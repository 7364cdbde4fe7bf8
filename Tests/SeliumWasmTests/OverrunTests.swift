import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Steps that do not end", .inTurn(minutes: 2))
struct OverrunTests {
    /// A host function that keeps the processor until the test lets go: as an instruction on much
    /// memory, only that the test decides how long.
    private final class Grip: Sendable {
        let isHeld = Atomic<Bool>(true)
        let entered = Atomic<Int>(0)

        var function: HostFunction {
            .immediate("host", "stick", [], []) { _ in
                self.entered.add(1, ordering: .acquiringAndReleasing)
                while self.isHeld.load(ordering: .acquiring) {}
                return .none
            }
        }

        func wait(for count: Int) async {
            while entered.load(ordering: .acquiring) < count { await Task.yield() }
        }

        func release() { isHeld.store(false, ordering: .releasing) }
    }

    private static let sticker =
        #"(module (import "host" "stick" (func $stick)) (func (export "run") (call $stick)))"#

    private static let quick =
        #"(module (func (export "run") (result i32) (i32.const 42)))"#

    @Test("take their thread with them: a spare runs the other guests meanwhile")
    func spare() async throws {
        // However long the machine lets it wait for a processor.
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0, stuck: .max))
        let grip = Grip()
        let stuck = try scheduler.run(try prepare(Self.sticker, [grip.function]))
        await grip.wait(for: 1)
        let other = try scheduler.run(try prepare(Self.quick))
        #expect(await other.end().outcome == .returned([.i32(42)]))
        #expect(!stuck.guest.hasEnded)
        #expect(scheduler.statistics.threads == 2)
        grip.release()
        let end = await stuck.end()
        #expect(end.outcome == .returned([]))
        // Billed for all of it.
        #expect(end.cpuNanoseconds >= 10_000_000)
        // The end is told within the step, which counts when it is over.
        while stuck.guest.overruns.load(ordering: .relaxed) != 1 { await Task.yield() }
    }

    @Test(
        "use up the spares, and no more threads than that; one that returns takes its place again")
    func bounded() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0, spares: 3))
        let grip = Grip()
        let prepared = try prepare(Self.sticker, [grip.function])
        let stuck = try (0..<8).map { _ in try scheduler.run(prepared) }
        await grip.wait(for: 5)
        while scheduler.statistics.writtenOff < 5 { await Task.yield() }
        // All five threads are written off; who comes now waits.
        let waiting = try scheduler.run(try prepare(Self.quick))
        #expect(scheduler.statistics.threads == 5)
        #expect(scheduler.statistics.running == 5)
        #expect(!waiting.guest.hasEnded)
        grip.release()
        #expect(await waiting.end().outcome == .returned([.i32(42)]))
        for running in stuck { #expect(await running.end().outcome == .returned([])) }
        #expect(scheduler.statistics.threads == 5)
        // The two places are taken, and work.
        for _ in 0..<20 {
            let more = try (0..<10).map { _ in try scheduler.run(try prepare(Self.quick)) }
            for running in more { _ = await running.end() }
        }
        #expect(scheduler.statistics.living == 0)
    }

    @Test("of a guest that is killed end it when they return")
    func killed() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let grip = Grip()
        let stuck = try scheduler.run(
            try prepare(
                """
                (module (import "host" "stick" (func $stick))
                  (func (export "run") (loop $again (call $stick) (br $again))))
                """, [grip.function]))
        await grip.wait(for: 1)
        while scheduler.statistics.writtenOff < 1 { await Task.yield() }
        stuck.guest.kill(reason: 4)
        #expect(!stuck.guest.hasEnded)
        grip.release()
        guard case .killed(4, _) = await stuck.end().outcome else {
            Issue.record("ended otherwise")
            return
        }
        #expect(scheduler.statistics.living == 0)
    }

    /// A host function whose turn lasts until some step has been written off; answers whether the
    /// guest may still overrun.
    private static func burner(_ scheduler: Scheduler) -> HostFunction {
        .waiting("host", "burn", [], [.i32]) { call in
            let before = scheduler.statistics.writtenOff
            while scheduler.statistics.writtenOff == before {}
            let guest = call.guest
            // Counted when the turn ends.
            return .yield { _ in
                .reply(.i32(guest.overruns.load(ordering: .relaxed) < 3 ? 1 : 0))
            }
        }
    }

    private static let burning = """
        (module (import "host" "burn" (func $burn (result i32)))
          (func (export "run") (loop $again (br_if $again (call $burn)))))
        """

    @Test("a hundred times over leave no thread behind")
    func hundred() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0, spares: 3))
        let prepared = try prepare(Self.burning, [Self.burner(scheduler)])
        for _ in 0..<34 {
            let running = try scheduler.run(prepared)
            #expect(await running.end().outcome == .returned([]))
            #expect(running.guest.overruns.load(ordering: .relaxed) == 3)
        }
        let statistics = scheduler.statistics
        #expect(statistics.writtenOff >= 100)
        #expect(statistics.threads <= 2 + 3 + 1)
        #expect(statistics.living == 0)
    }

    @Test("three of one guest put it on the slow lane, where one runs at a time and all get turns")
    func slowLane() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let inside = Atomic<Int>(0)
        let together = Atomic<Int>(0)
        let prepared = try prepare(
            """
            (module (import "host" "burn" (func $burn (result i32)))
              (import "host" "lane" (func $lane))
              (func (export "run") (local $i i32)
                (loop $again (br_if $again (call $burn)))
                (loop $lanes
                  (call $lane)
                  (br_if $lanes (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                    (i32.const 20))))))
            """,
            [
                Self.burner(scheduler),
                .waiting("host", "lane", [], []) { _ in
                    let now = inside.add(1, ordering: .acquiringAndReleasing).newValue
                    together.max(now, ordering: .relaxed)
                    let begin = TimerService.now()
                    while TimerService.now() - begin < 500_000 {}
                    inside.subtract(1, ordering: .acquiringAndReleasing)
                    return .yield { _ in .reply(.none) }
                },
            ])
        let crowd = try (0..<4).map { _ in try scheduler.run(prepared) }
        for running in crowd { #expect(await running.end().outcome == .returned([])) }
        #expect(together.load(ordering: .relaxed) == 1)
        #expect(scheduler.statistics.threads <= 2 + 4 + 1)
    }

    @Test("a guest on the slow lane is killed like every other, waiting in its queue or running")
    func killedOnTheSlowLane() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let grip = Grip()
        let prepared = try prepare(
            """
            (module (import "host" "burn" (func $burn (result i32)))
              (import "host" "stick" (func $stick))
              (func (export "run")
                (loop $again (br_if $again (call $burn)))
                (call $stick) (loop $forever (br $forever))))
            """, [Self.burner(scheduler), grip.function])
        let holder = try scheduler.run(prepared)
        await grip.wait(for: 1)
        // The lane is held. This one gets there, and waits.
        let waiting = try scheduler.run(prepared)
        while waiting.guest.overruns.load(ordering: .relaxed) < 3 { await Task.yield() }
        guard case .killed(7, _) = await waiting.kill(reason: 7).end.outcome else {
            Issue.record("ended otherwise")
            return
        }
        #expect(!holder.guest.hasEnded)
        grip.release()
        guard case .killed(8, _) = await holder.kill(reason: 8).end.outcome else {
            Issue.record("ended otherwise")
            return
        }
    }

    @Test("guests that fill much memory again and again do not keep a talking one from its turns")
    func fillers() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let filler = try prepare(
            """
            (module (memory (export "memory") 1600)
              (func (export "run")
                (loop $again
                  (memory.fill (i32.const 0) (i32.const 1) (i32.const 104857600))
                  (br $again))))
            """)
        let talker = try prepare(
            """
            (module (import "host" "wait" (func $wait))
              (func (export "run") (param i32)
                (loop $again
                  (call $wait)
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
            """,
            [
                .waiting("host", "wait", [], []) { call in
                    let wait = HostCall(call.guest)
                    Task { wait.complete(.none) }
                    return .wait(wait)
                }
            ])
        let fillers = try (0..<4).map { _ in try scheduler.run(filler) }
        while fillers.contains(where: { $0.guest.cpuNanoseconds == 0 }) { await Task.yield() }
        let begin = TimerService.now()
        let talking = try scheduler.run(talker, entry: Entrypoint("run", arguments: [.i32(200)]))
        // Two hundred turns, while the others never leave off: without spares one of them would hold
        // each thread all the time.
        #expect(await talking.end().outcome == .returned([]))
        let took = (TimerService.now() - begin) / 1_000_000
        print("200 host calls beside 4 guests that fill 100 MiB each: \(took) ms")
        #expect(fillers.allSatisfy { !$0.guest.hasEnded })
        for running in fillers {
            guard case .killed(1, _) = await running.kill(reason: 1).end.outcome else {
                Issue.record("ended otherwise")
                return
            }
        }
        #expect(scheduler.statistics.living == 0)
    }

    @Test("are told from steps that the machine does not let run")
    func innocent() {
        let configuration = SchedulerConfiguration(
            slice: 2_000_000, tick: 1_000_000, overrun: 10_000_000, stuck: 100_000_000)
        // Of a thread that uses the processor all the time: 2 + 1 + 1 ticks, and ten of its time.
        var watch = StepWatch()
        var ticks = 0
        var cpu: UInt64 = 5
        while watch.look(at: 9, configuration, cpu: { cpu }) == .fine {
            ticks += 1
            cpu += 1_000_000
        }
        #expect((12...15).contains(ticks), "\(ticks)")
        // Of one that gets none: after a tenth of a second, and it is not to blame.
        watch = StepWatch()
        ticks = 0
        var finding = StepWatch.Finding.fine
        while finding == .fine {
            finding = watch.look(at: 9, configuration, cpu: { 5 })
            ticks += 1
        }
        #expect(finding == .stuck)
        #expect((100...102).contains(ticks), "\(ticks)")
        // Steps that end are nobody's business.
        for step in 0..<1_000 {
            #expect(watch.look(at: UInt64(step / 3), configuration, cpu: { cpu }) == .fine)
            cpu += 1_000_000_000
        }
        #expect(watch.look(at: nil, configuration, cpu: { cpu }) == .fine)
    }
}
