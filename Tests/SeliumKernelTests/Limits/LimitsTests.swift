import SeliumKernel
import SeliumTestSupport
import Testing

@Suite("Rates and repeated requests")
struct LimitsTests {
    @Test(
        "over a long time no more passes than the rate and one burst",
        arguments: 0..<20 as Range<UInt64>)
    func rate(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bucket = TokenBucket(rate: 1_000, burst: 500, now: 0)
        var now: UInt64 = 0
        var passed = 0
        var excess = 0
        for _ in 0..<5_000 {
            let size = Int.random(in: 1...100, using: &random)
            switch bucket.take(size, now: now) {
            case .granted: passed += size
            case .wait(let nanoseconds):
                now += max(1, nanoseconds)
            }
            // One write may exceed what is left, once.
            if Double(passed) > 500 + Double(now) / 1e6 + 100 { excess += 1 }
        }
        #expect(excess == 0)
        #expect(Double(passed) >= Double(now) / 1e6)
    }

    @Test("after the wait it was told, a write passes")
    func wait() {
        var bucket = TokenBucket(rate: 10, burst: 10, now: 0)
        #expect(bucket.take(25, now: 0) == .granted)
        guard case .wait(let nanoseconds) = bucket.take(1, now: 0) else {
            Issue.record("no wait in debt")
            return
        }
        #expect(bucket.take(1, now: nanoseconds / 2) != .granted)
        #expect(bucket.take(1, now: nanoseconds) == .granted)
    }

    typealias Table = IdempotencyTable<String, Int>

    private static func isDone(_ verdict: Table.Verdict, _ value: Int) -> Bool {
        if case .done(value) = verdict { true } else { false }
    }

    @Test(
        "a repeat joins, then gets the result; another body is a mismatch; a failure frees the key")
    func repeats() throws {
        var table = Table()
        guard case .proceed = try table.begin("a", bodyHash: [1], wallTime: 0) else {
            Issue.record("the first does not proceed")
            return
        }
        guard case .join = try table.begin("a", bodyHash: [1], wallTime: 0) else {
            Issue.record("the repeat does not join")
            return
        }
        let error = #expect(throws: KernelError.self) {
            try table.begin("a", bodyHash: [2], wallTime: 0)
        }
        #expect(error?.code == .mismatch)
        table.finish("a", 7, wallTime: 1)
        #expect(Self.isDone(try table.begin("a", bodyHash: [1], wallTime: 2), 7))
        table.fail("a")
        #expect(Self.isDone(try table.begin("a", bodyHash: [1], wallTime: 2), 7))
        _ = try table.begin("b", bodyHash: [1], wallTime: 0)
        table.fail("b")
        guard case .proceed = try table.begin("b", bodyHash: [2], wallTime: 0) else {
            Issue.record("a failed key is not free")
            return
        }
    }

    @Test("keys are forgotten after their time, and the oldest when there are too many")
    func forgets() throws {
        var table = Table(capacity: 200, lifetime: 100)
        for number in 0..<1_000 {
            _ = try table.begin("\(number)", bodyHash: [1], wallTime: Int64(number))
            table.finish("\(number)", number, wallTime: Int64(number))
            if table.count > 200 { Issue.record("\(table.count) keys") }
        }
        #expect(table.count == 101)
        #expect(Self.isDone(try table.begin("950", bodyHash: [1], wallTime: 1_000), 950))
        guard case .proceed = try table.begin("899", bodyHash: [1], wallTime: 1_000) else {
            Issue.record("an old key is still known")
            return
        }
        var full = Table(capacity: 2, lifetime: 100)
        _ = try full.begin("x", bodyHash: [], wallTime: 0)
        _ = try full.begin("y", bodyHash: [], wallTime: 0)
        let error = #expect(throws: KernelError.self) {
            try full.begin("z", bodyHash: [], wallTime: 0)
        }
        #expect(error?.code == .exhausted)
    }

    @Test("a machine with the usual map count holds what a fifth less ten percent is")
    func ceiling() {
        #expect(Limits.processCeiling(maximumMaps: 65_530) == 11_796)
        #expect(Limits.processCeiling(maximumMaps: 0) == 1)
        #expect(Limits.diskReserve(capacity: 1 << 30) == 256 << 20)
        #expect(Limits.diskReserve(capacity: 100 << 30) == 5 << 30)
    }
}
