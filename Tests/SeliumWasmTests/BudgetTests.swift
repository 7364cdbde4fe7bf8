import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Memory that guests share", .inTurn(minutes: 2))
struct BudgetTests {
    private static let page: UInt64 = 65_536

    /// Begins with a page; asks how much to grow by, tells what came of it, again and again.
    private static let grower = """
        (module (import "host" "ask" (func $ask (param i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "run") (local $said i32) (local $pages i32)
            (loop $again
              (local.set $pages (call $ask (local.get $said)))
              (if (i32.eqz (local.get $pages)) (then (return)))
              (local.set $said (memory.grow (local.get $pages)))
              (br $again))))
        """

    /// A guest whose growth the test decides, step by step.
    private final class Grower: Sendable {
        let running: Running
        private let asked: Asked
        private let scheduler: Scheduler

        private final class Asked: GuestUser {
            let words = AsyncStream<(Int32, HostCall)>.makeStream()
        }

        init(_ scheduler: Scheduler, _ budget: MemoryBudget, limit: UInt64 = 64 << 20) throws {
            let asked = Asked()
            self.asked = asked
            self.scheduler = scheduler
            let prepared = try prepare(
                BudgetTests.grower,
                [
                    .waiting("host", "ask", [.i32], [.i32]) { call in
                        guard let asked = call.user(as: Asked.self) else {
                            return .reply(.trap("nobody asked"))
                        }
                        let wait = HostCall(call.guest)
                        asked.words.continuation.yield((call.i32(0), wait))
                        return .wait(wait)
                    }
                ])
            running = try Running { told in
                try scheduler.spawn(
                    prepared, entry: Entrypoint("run"), limits: GuestLimits(memory: limit),
                    budget: budget, user: asked, onEnd: told)
            }
        }

        private func word() async -> (Int32, HostCall) {
            for await word in asked.words.stream {
                // What it grew counts when its turn is over.
                while scheduler.statistics.running > 0 { await Task.yield() }
                return word
            }
            fatalError("the stream has no end")
        }

        /// Waits for its first word, in which it has grown nothing yet.
        func begin() async -> Session {
            let (_, call) = await word()
            return Session(grower: self, call: call)
        }

        struct Session {
            let grower: Grower
            var call: HostCall

            /// What `memory.grow` answered.
            mutating func grow(_ pages: Int32) async -> Int32 {
                call.complete(.i32(pages))
                let (said, next) = await grower.word()
                call = next
                return said
            }

            func end() async -> RunEnd {
                call.complete(.i32(0))
                return await grower.running.end()
            }
        }
    }

    @Test(
        "growth that does not fit fails in the guest, which lives on and grows when there is room")
    func shared() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let budget = MemoryBudget(limit: 100 * Self.page)
        let (one, two) = (try Grower(scheduler, budget), try Grower(scheduler, budget))
        var (first, second) = (await one.begin(), await two.begin())
        #expect(await first.grow(69) == 1)
        #expect(await second.grow(30) == -1)
        #expect(await second.grow(29) == 1)
        #expect(await first.grow(1) == -1)
        #expect(await second.grow(1) == -1)
        let end = await first.end()
        #expect(end.outcome == .returned([]))
        #expect(end.peakMemory == 70 * Self.page)
        #expect(budget.held == 30 * Self.page)
        #expect(await second.grow(70) == 30)
        #expect(await second.grow(1) == -1)
        #expect(await second.end().outcome == .returned([]))
        #expect(budget.held == 0)
    }

    @Test("a guest's own limit counts as well")
    func own() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let budget = MemoryBudget(limit: 100 * Self.page)
        let only = try Grower(scheduler, budget, limit: 10 * Self.page)
        var session = await only.begin()
        #expect(await session.grow(10) == -1)
        #expect(await session.grow(9) == 1)
        #expect(await session.grow(1) == -1)
        #expect(await session.end().peakMemory == 10 * Self.page)
    }

    @Test("a guest that begins with more than is left does not start, and holds nothing")
    func beginning() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let budget = MemoryBudget(limit: 10 * Self.page)
        let holder = try Grower(scheduler, budget)
        var session = await holder.begin()
        #expect(await session.grow(4) == 1)
        let prepared = try prepare(#"(module (memory (export "memory") 6) (func (export "run")))"#)
        let late = try Running { told in
            try scheduler.spawn(
                prepared, entry: Entrypoint("run"), budget: budget, user: Nobody(), onEnd: told)
        }
        guard case .startFailed(let error) = await late.end().outcome else {
            Issue.record("it started")
            return
        }
        #expect(error.code == .memoryLimit)
        #expect(budget.held == 5 * Self.page)
        _ = await session.end()
        #expect(budget.held == 0)
    }

    @Test(
        "what was reserved for a guest is its own: others do not get it, and its end frees it once")
    func reserved() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let budget = MemoryBudget(limit: 10 * Self.page)
        #expect(budget.reserve(6 * Self.page))
        #expect(!budget.reserve(5 * Self.page))
        let other = try Grower(scheduler, budget)
        var session = await other.begin()
        #expect(await session.grow(4) == -1)
        #expect(await session.grow(3) == 1)
        #expect(budget.left == 0)
        let prepared = try prepare(
            #"(module (memory (export "memory") 6) (func (export "run") (result i32) (memory.size)))"#
        )
        let late = try Running { told in
            try scheduler.spawn(
                prepared, entry: Entrypoint("run"), budget: budget, reserved: 6 * Self.page,
                user: Nobody(), onEnd: told)
        }
        #expect(await late.end().outcome == .returned([.i32(6)]))
        #expect(budget.held == 4 * Self.page)
        #expect(budget.reserve(6 * Self.page))
        budget.release(6 * Self.page)
        _ = await session.end()
        #expect(budget.held == 0)
    }

    @Test("a memory that is not exported cannot be watched: all of its limit counts from the start")
    func hidden() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let desk = Desk()
        let functions: [HostFunction] = [
            .waiting("host", "stay", [.i32], []) { call in
                let wait = HostCall(call.guest)
                desk.add(wait)
                return .wait(wait)
            }
        ]
        func start(_ memory: String, _ budget: MemoryBudget) throws -> Running {
            let prepared = try prepare(
                """
                (module (import "host" "stay" (func $stay (param i32))) \(memory)
                  (func (export "run") (call $stay (i32.const 0))))
                """, functions)
            return try Running { told in
                try scheduler.spawn(
                    prepared, entry: Entrypoint("run"), limits: GuestLimits(memory: 60 * Self.page),
                    budget: budget, user: Nobody(), onEnd: told)
            }
        }
        let budget = MemoryBudget(limit: 100 * Self.page)
        let hidden = try start("(memory 1)", budget)
        await desk.wait(for: 1)
        while scheduler.statistics.running > 0 { await Task.yield() }
        #expect(budget.held == 60 * Self.page)
        let refused = await (try start("(memory 1)", budget)).end()
        guard case .startFailed(let error) = refused.outcome else {
            Issue.record("it started")
            return
        }
        #expect(error.code == .memoryLimit)
        #expect(budget.held == 60 * Self.page)
        // Under another name it can be watched; and who has none needs nothing.
        let named = try start(#"(memory (export "mine") 2)"#, budget)
        let none = try start("", budget)
        await desk.wait(for: 3)
        while scheduler.statistics.running > 0 { await Task.yield() }
        #expect(budget.held == 62 * Self.page)
        for running in [hidden, named, none] { _ = await running.kill(reason: 1) }
        #expect(budget.held == 0)
    }

    @Test("what a killed guest held is there for the others")
    func killed() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let budget = MemoryBudget(limit: 100 * Self.page)
        for _ in 0..<50 {
            let guest = try Grower(scheduler, budget)
            var session = await guest.begin()
            #expect(await session.grow(99) == 1)
            _ = await guest.running.kill(reason: 1)
            #expect(budget.held == 0)
        }
    }

    @Test("guests that grow at the same moment pass the limit by no more than what was left")
    func crowd() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let budget = MemoryBudget(limit: 200 * Self.page)
        let desk = Desk()
        // All begin; then each grows by 7 pages until that fails, computes in between, and stays.
        let prepared = try prepare(
            """
            (module (import "host" "stay" (func $stay))
              (memory (export "memory") 1)
              (func (export "run") (local $i i32)
                (call $stay)
                (loop $again
                  (local.set $i (i32.const 0))
                  (loop $work
                    (br_if $work (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                      (i32.const 100000))))
                  (br_if $again (i32.ne (memory.grow (i32.const 7)) (i32.const -1))))
                (call $stay)))
            """,
            [
                .waiting("host", "stay", [], []) { call in
                    let wait = HostCall(call.guest)
                    desk.add(wait)
                    return .wait(wait)
                }
            ])
        let crowd = try (0..<8).map { _ in
            try Running { told in
                try scheduler.spawn(
                    prepared, entry: Entrypoint("run"), budget: budget, user: Nobody(),
                    onEnd: told)
            }
        }
        await desk.wait(for: 8)
        for call in desk.all { call.complete(.none) }
        await desk.wait(for: 16)
        while scheduler.statistics.running > 0 { await Task.yield() }
        let sum = crowd.reduce(0) { $0 + $1.guest.memory }
        #expect(sum == budget.held)
        // Nobody stopped while there was room, and two threads cannot be given more than twice.
        #expect(sum > (200 - 7) * Self.page)
        #expect(sum <= 2 * 200 * Self.page)
        for running in crowd { _ = await running.kill(reason: 1) }
        #expect(budget.held == 0)
    }

    @Test("shares never exceed the ceiling together, whatever the order of turns")
    func ceiling() {
        let budget = MemoryBudget(limit: 1_000, ceiling: 2_500)
        var seed: UInt64 = 7
        func random(_ below: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed >> 33) % below
        }
        var turns: [(share: UInt64, guest: Int)] = []
        var held = Array(repeating: UInt64(0), count: 20)
        for _ in 0..<20_000 {
            if random(2) == 0, turns.count < 16 {
                let guest = Int(random(20))
                guard !turns.contains(where: { $0.guest == guest }) else { continue }
                let share = budget.beginTurn(room: random(800))
                #expect(held.reduce(0, +) >= 1_000 ? share == 0 : true)
                turns.append((share, guest))
            } else if let turn = turns.popLast() {
                let growth = random(turn.share + 1)
                held[turn.guest] += growth
                budget.endTurn(share: turn.share, growth: growth)
                if random(3) == 0 {
                    budget.release(held[turn.guest])
                    held[turn.guest] = 0
                }
            }
            #expect(budget.held == held.reduce(0, +))
            #expect(held.reduce(0, +) + turns.reduce(0) { $0 + $1.share } <= 2_500)
        }
    }

    @Test("setting the limit anew costs little beside a turn")
    func cost() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let budget = MemoryBudget(limit: 1 << 30)
        let talker = try prepare(
            """
            (module (import "host" "turn" (func $turn)) (memory (export "memory") 1)
              (func (export "run") (param i32)
                (loop $again
                  (call $turn)
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
            """,
            [
                .waiting("host", "turn", [], []) { _ in
                    // Another rest each time, so that the engine is told anew.
                    budget.endTurn(share: 0, growth: 1)
                    return .yield { _ in .reply(.none) }
                }
            ])
        var nanoseconds: [UInt64] = []
        for shares in [false, true] {
            let running = try Running { told in
                try scheduler.spawn(
                    talker, entry: Entrypoint("run", arguments: [.i32(20_000)]),
                    limits: GuestLimits(memory: 1 << 30), budget: shares ? budget : nil,
                    user: Nobody(), onEnd: told)
            }
            let end = await running.end()
            #expect(end.outcome == .returned([]))
            nanoseconds.append(end.cpuNanoseconds / 20_000)
        }
        print("a turn: \(nanoseconds[0]) ns; with a budget \(nanoseconds[1]) ns")
    }
}
