import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Killing guests", .inTurn(minutes: 2))
struct KillTests {
    static let spin = #"(module (func $forever (export "run") (loop $again (br $again))))"#

    @Test("stops a loop without end, and tells where it was")
    func spinning() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let prepared = try prepare(Self.spin)
        var nanoseconds: [UInt64] = []
        for _ in 0..<100 {
            let running = try scheduler.run(prepared)
            while scheduler.statistics.running == 0 { await Task.yield() }
            let (end, took) = await running.kill(reason: 1)
            nanoseconds.append(took)
            guard case .killed(1, let frames) = end.outcome else {
                Issue.record("ended \(end)")
                return
            }
            // Killed before its first instruction it has no frames.
            if let frame = frames.first { #expect(frame.name == "forever") }
        }
        nanoseconds.sort()
        print(
            "kill of a running guest: p50 \(nanoseconds[50] / 1_000) µs, p99 \(nanoseconds[99] / 1_000) µs"
        )
        #expect(nanoseconds[50] < 50_000_000)
        #expect(scheduler.statistics.living == 0)
    }

    @Test("does not wait for the other guests that want to run")
    func amongOthers() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let prepared = try prepare(Self.spin)
        let crowd = try (0..<50).map { _ in try scheduler.run(prepared) }
        var nanoseconds: [UInt64] = []
        for running in crowd {
            nanoseconds.append(await running.kill(reason: 1).nanoseconds)
        }
        nanoseconds.sort()
        print(
            "kill among 50 spinning guests on one thread: p50 \(nanoseconds[25] / 1_000) µs, max \(nanoseconds[49] / 1_000) µs"
        )
        // A turn of each of the others would be 50 × 2 ms.
        #expect(nanoseconds[25] < 50_000_000)
    }

    @Test("takes down a thousand guests that wait, and their late answers do no harm")
    func parked() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0))
        let desk = Desk()
        let prepared = try prepare(
            """
            (module (import "host" "wait" (func $wait (result i32)))
              (memory (export "memory") 1)
              (func (export "run") (result i32) (call $wait)))
            """,
            [
                .waiting("host", "wait", [], [.i32]) { call in
                    let wait = HostCall(call.guest)
                    desk.add(wait)
                    return .wait(wait)
                }
            ])
        let crowd = try (0..<1_000).map { _ in try scheduler.run(prepared) }
        await desk.wait(for: 1_000)
        #expect(scheduler.statistics.living == 1_000)
        // Half of them are answered, half are killed; then everybody is answered (again).
        for (index, call) in desk.all.enumerated() where index % 2 == 0 { call.complete(.i32(1)) }
        var nanoseconds: [UInt64] = []
        var outcomes: [Bool: Int] = [:]
        for running in crowd {
            let (end, took) = await running.kill(reason: 9)
            nanoseconds.append(took)
            outcomes[end.outcome == .returned([.i32(1)]), default: 0] += 1
        }
        nanoseconds.sort()
        print(
            "kill of a parked guest: p50 \(nanoseconds[500] / 1_000) µs, p99 \(nanoseconds[990] / 1_000) µs"
        )
        for call in desk.all { call.complete(.i32(2)) }
        #expect(outcomes[true, default: 0] <= 500)
        #expect(outcomes[false, default: 0] >= 500)
        #expect(scheduler.statistics.living == 0)
    }

    @Test("counts once; a guest that ended stays as it ended")
    func twice() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let prepared = try prepare(#"(module (func (export "run")))"#)
        let ended = try scheduler.run(prepared)
        #expect(await ended.end().outcome == .returned([]))
        ended.guest.kill(reason: 3)
        #expect(await ended.end().outcome == .returned([]))
        let spinning = try scheduler.run(try prepare(Self.spin))
        spinning.guest.kill(reason: 5)
        spinning.guest.kill(reason: 6)
        guard case .killed(5, _) = await spinning.end().outcome else {
            Issue.record("the first reason counts")
            return
        }
    }
}
