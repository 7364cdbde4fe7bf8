import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Rates and repeated requests", .inTurn())
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

    /// `name` of `owner`; nobody's when none is said.
    struct Key: IdempotencyKey, ExpressibleByStringInterpolation {
        var owner = ""
        var name: String

        init(stringLiteral name: String) { self.name = name }

        init(_ owner: String, _ name: Int) {
            self.owner = owner
            self.name = "\(name)"
        }
    }

    typealias Table = IdempotencyTable<Key, Int>

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

    private static func isKnown(_ table: Table, _ key: Key, at time: Int64) throws -> Bool {
        var copy = table
        if case .done = try copy.begin(key, bodyHash: [1], wallTime: time) { return true }
        return false
    }

    @Test("who floods the table with keys pushes out only its own, in its part and in the whole")
    func flood() throws {
        var table = Table(capacity: 300, capacityEach: 200, lifetime: 1_000_000)
        var time: Int64 = 0
        var forgotten: [Key] = []
        func send(_ key: Key) throws {
            time += 1
            guard case .proceed(let old) = try table.begin(key, bodyHash: [1], wallTime: time)
            else {
                Issue.record("\(key) is known")
                return
            }
            forgotten += old
            table.finish(key, 1, wallTime: time)
        }
        for number in 0..<50 { try send(Key("operator", number)) }
        for number in 0..<1_000 { try send(Key("alice", number)) }
        #expect(table.count == 250)
        #expect(forgotten == (0..<800).map { Key("alice", $0) })
        // The whole is full from here on: she has the most, so she pays for him.
        for number in 0..<100 { try send(Key("bob", number)) }
        #expect(table.count == 300)
        #expect(forgotten == (0..<850).map { Key("alice", $0) })
        for number in 1_000..<2_000 { try send(Key("alice", number)) }
        #expect(table.count == 300)
        #expect(forgotten.allSatisfy { $0.owner == "alice" })
        for number in 0..<50 { #expect(try Self.isKnown(table, Key("operator", number), at: time)) }
        for number in 0..<100 { #expect(try Self.isKnown(table, Key("bob", number), at: time)) }
        #expect(try !Self.isKnown(table, Key("alice", 1_849), at: time))
        #expect(try Self.isKnown(table, Key("alice", 1_850), at: time))
    }

    @Test("requests in flight are never forgotten, and what fails leaves nothing")
    func inFlight() throws {
        var table = Table(capacity: 4, capacityEach: 2, lifetime: 100)
        _ = try table.begin(Key("alice", 1), bodyHash: [1], wallTime: 0)
        _ = try table.begin(Key("alice", 2), bodyHash: [1], wallTime: 0)
        let error = #expect(throws: KernelError.self) {
            try table.begin(Key("alice", 3), bodyHash: [1], wallTime: 0)
        }
        #expect(error?.code == .exhausted)
        _ = try table.begin(Key("bob", 1), bodyHash: [1], wallTime: 0)
        table.fail(Key("alice", 1))
        table.fail(Key("alice", 1))
        _ = try table.begin(Key("alice", 3), bodyHash: [1], wallTime: 0)
        table.finish(Key("alice", 3), 3, wallTime: 0)
        // Hers that is done goes, not the one that is under way.
        guard case .proceed(let old) = try table.begin(Key("alice", 4), bodyHash: [1], wallTime: 0)
        else {
            Issue.record("no place")
            return
        }
        #expect(old == [Key("alice", 3)])
        #expect(table.count == 3)
    }

    @Test("rows of an earlier run are bounded alike, and what is too much is named")
    func restored() {
        var table = Table(capacity: 30, capacityEach: 20, lifetime: 1_000)
        var forgotten: [Key] = []
        for number in 0..<25 {
            forgotten += table.restore(
                Key("alice", number), bodyHash: [1], result: 1, wallTime: Int64(number))
        }
        for number in 0..<15 {
            forgotten += table.restore(
                Key("bob", number), bodyHash: [1], result: 1, wallTime: Int64(100 + number))
        }
        #expect(forgotten == (0..<10).map { Key("alice", $0) })
        #expect(table.count == 30)
    }

    @Test("a machine with the usual map count holds what a fifth less ten percent is")
    func ceiling() {
        #expect(Limits.processCeiling(maximumMaps: 65_530) == 11_796)
        #expect(Limits.processCeiling(maximumMaps: 0) == 1)
        #expect(Limits.diskReserve(capacity: 1 << 30) == 256 << 20)
        #expect(Limits.diskReserve(capacity: 100 << 30) == 5 << 30)
    }
}
