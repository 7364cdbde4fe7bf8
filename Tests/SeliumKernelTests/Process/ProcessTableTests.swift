import SeliumABI
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The process table", .inTurn())
struct ProcessTableTests {
    static let alice = Identity("alice") ?? .anonymous

    static func status(_ number: UInt64, _ name: String? = nil, in space: String = "alice")
        -> ProcessStatus
    {
        guard let digest = ModuleDigest(bytes: Array(repeating: 1, count: 32)),
            let namespace = Namespace(space)
        else { preconditionFailure("bad test data") }
        return ProcessStatus(
            id: LogShelfTests.id(number), namespace: namespace,
            name: name.flatMap { ProcessName($0) },
            creator: alice, moduleName: "m", moduleDigest: digest, entrypoint: "_start",
            state: .starting,
            incarnation: 1, createdAt: 0, uptimeNanoseconds: 0, cpuNanoseconds: 0, memory: 0,
            memoryLimit: 0, grants: [], exit: nil)
    }

    @Test("a process is invisible until it is published, but its name is taken at once")
    func visibility() throws {
        var table = ProcessTable(ceiling: 10)
        try table.insert(Self.status(1, "web"), role: .user)
        #expect(table.status(LogShelfTests.id(1)) == nil)
        #expect(table.list(in: nil, includingEnded: true).isEmpty)
        let name = try #require(ProcessName("web"))
        let space = try #require(Namespace("alice"))
        #expect(table.lookup(name, in: space) == nil)
        let error = #expect(throws: KernelError.self) {
            try table.insert(Self.status(2, "web"), role: .user)
        }
        #expect(error?.code == .nameTaken)
        table.withdraw(LogShelfTests.id(1))
        try table.insert(Self.status(2, "web"), role: .user)
        table.publish(LogShelfTests.id(2))
        #expect(table.lookup(name, in: space) == LogShelfTests.id(2))
    }

    @Test("states go starting, running, stopping, exited; a second end does not count")
    func states() throws {
        var table = ProcessTable(ceiling: 10)
        let id = LogShelfTests.id(1)
        try table.insert(Self.status(1), role: .user)
        #expect(table.stopWasRequested(id, now: 0) == nil, "invisible")
        table.publish(id)
        #expect(table.status(id)?.state == .starting)
        table.began(id, now: 0)
        #expect(table.status(id)?.state == .running)
        #expect(table.stopWasRequested(id, now: 0) == .interrupt(.kill(.noStopHandler)))
        #expect(table.status(id)?.state == .stopping)
        #expect(table.stopWasRequested(id, now: 0) == .wait)
        let record = LogBufferTests.record(last: 1)
        let ending = Self.ended(&table, id)
        #expect(ending?.goesOn == false)
        #expect(ending?.stopRequested == true)
        // Decided, and not committed: nobody hears of it.
        #expect(table.status(id)?.state == .stopping)
        #expect(!table.hasEnded(id))
        #expect(table.committed(id, exit: record, now: 0) == .finish(pushedOut: []))
        #expect(table.status(id)?.state == .exited)
        #expect(table.stopWasRequested(id, now: 0) == .alreadyEnded)
        #expect(Self.ended(&table, id, .lost) == nil)
        #expect(table.status(id)?.exit == record)
        #expect(table.livingTotal == 0)
    }

    static func ended(
        _ table: inout ProcessTable, _ id: ProcessID, _ outcome: ExitOutcome = .exit(code: 0),
        now: UInt64 = 0
    ) -> ProcessTable.Ending? {
        var random = SeededRandom(seed: 1)
        return table.ended(id, outcome, now: now, using: &random)
    }

    /// The end of a process, decided, committed and told; whom it pushed out.
    static func end(_ table: inout ProcessTable, _ id: ProcessID, now: UInt64) -> [ProcessID] {
        _ = ended(&table, id, now: now)
        let record = LogBufferTests.record(last: 1)
        guard case .finish(let gone) = table.committed(id, exit: record, now: now) else {
            return []
        }
        return gone
    }

    @Test("a stop that comes between an end and its commit waits for both")
    func stopWhileCommitting() throws {
        var wish = RestartWish()
        wish.mode = .always(most: nil)
        var status = Self.status(1, "web")
        status.policy = try RestartPolicy(wish)
        var table = ProcessTable(ceiling: 10)
        let id = status.id
        try table.insert(status, role: .user)
        table.publish(id)
        table.began(id, now: 0)
        let ending = try #require(Self.ended(&table, id, .exit(code: 3), now: 1))
        #expect(ending.goesOn)
        #expect(ending.snapshot.phase == .backingOff)
        #expect(table.status(id)?.state == .running)
        #expect(table.deadline(id) == nil, "no time passes before it is committed")
        guard case .end = table.stopWasRequested(id, now: 2) else {
            Issue.record("it does not wait to begin again")
            return
        }
        #expect(table.snapshot(id, now: 2)?.phase == .ended)
        #expect(table.committed(id, exit: LogBufferTests.record(last: 1), now: 3) == .wait)
        #expect(!table.hasEnded(id))
        #expect(table.committed(id, now: 4) == .finish(pushedOut: []))
        #expect(table.status(id)?.state == .exited)
    }

    @Test("an incarnation begins when its number is on disk, and not twice")
    func nextIncarnation() throws {
        var wish = RestartWish()
        wish.mode = .onFailure(most: nil)
        wish.backOff = try BackOff(minimum: 100_000_000, maximum: 100_000_000)
        var status = Self.status(1)
        status.policy = try RestartPolicy(wish)
        var table = ProcessTable(ceiling: 10)
        let id = status.id
        try table.insert(status, role: .user)
        table.publish(id)
        table.began(id, now: 0)
        _ = Self.ended(&table, id, .exit(code: 3), now: 1)
        #expect(table.committed(id, exit: LogBufferTests.record(last: 1), now: 1) == .wait)
        #expect(table.status(id)?.state == .backingOff)
        #expect(table.deadline(id) == 100_000_001)
        #expect(table.isSettled)
        #expect(table.timePassed(id, now: 100_000_000) == .none)
        #expect(table.timePassed(id, now: 100_000_001) == .start(incarnation: 2))
        #expect(table.status(id)?.state == .backingOff)
        #expect(table.status(id)?.incarnation == 1)
        #expect(!table.isSettled)
        #expect(table.committed(id, now: 100_000_002) == .begin(incarnation: 2))
        #expect(table.next(id, now: 100_000_003) == .wait)
        #expect(table.status(id)?.incarnation == 2)
        #expect(table.status(id)?.state == .starting)
        #expect(table.livingTotal == 1)
    }

    @Test("a process of an earlier run begins when its host can, whatever is wanted before")
    func held() throws {
        var wish = RestartWish()
        wish.mode = .always(most: nil)
        let policy = try RestartPolicy(wish)
        var status = Self.status(1)
        status.policy = policy
        let id = status.id
        var random = SeededRandom(seed: 1)
        var table = ProcessTable(ceiling: 10)
        var machine = SupervisionStateMachine(
            policy: policy,
            snapshot: SupervisionSnapshot(
                phase: .backingOff, incarnation: 1, stopRequested: false, restarts: 1, attempt: 1,
                ages: []), now: 0)
        _ = machine.resumed(now: 0, using: &random)
        table.resume(status, machine: machine, begun: 1)
        #expect(table.restartWasRequested(id, now: 1) == .start(incarnation: 2))
        #expect(table.committed(id, now: 2) == .wait)
        #expect(table.isSettled)
        #expect(table.status(id)?.incarnation == 1)
        #expect(table.willBegin(id) == true)
        #expect(!table.isSettled)
        #expect(table.committed(id, now: 3) == .begin(incarnation: 2))
        #expect(table.willBegin(id) == false)
    }

    @Test("one that listens for a stop is asked, and its grace is a deadline")
    func askedToStop() throws {
        var table = ProcessTable(ceiling: 10)
        let id = LogShelfTests.id(1)
        try table.insert(Self.status(1), role: .user)
        table.publish(id)
        table.began(id, now: 0)
        let grace: UInt64 = 10_000_000_000
        #expect(table.stopWasRequested(id, now: 5, hasHandler: true) == .askGuest(until: grace + 5))
        #expect(table.status(id)?.state == .stopping)
        #expect(table.deadline(id) == grace + 5)
        #expect(table.interruption(id) == nil)
        #expect(table.timePassed(id, now: grace + 4) == .none)
        #expect(table.timePassed(id, now: grace + 5) == .interrupt(.kill(.graceUsedUp)))
        #expect(Self.ended(&table, id)?.stopRequested == true)
    }

    @Test("a heartbeat is due when it was promised, and a promise can be taken back")
    func heartbeat() throws {
        var table = ProcessTable(ceiling: 10)
        let id = LogShelfTests.id(1)
        try table.insert(Self.status(1), role: .user)
        table.publish(id)
        table.receivedHeartbeat(id, promising: 5, now: 0)
        #expect(table.deadline(id) == nil, "it does not run yet")
        table.began(id, now: 0)
        #expect(table.becameReady(id, now: 1) == true)
        #expect(table.becameReady(id, now: 2) == false)
        table.receivedHeartbeat(id, promising: 100, now: 10)
        #expect(table.deadline(id) == 110)
        table.receivedHeartbeat(id, promising: nil, now: 20)
        #expect(table.deadline(id) == nil)
        table.receivedHeartbeat(id, promising: 100, now: 30)
        table.receivedHeartbeat(id, promising: 100, now: 100)
        #expect(table.timePassed(id, now: 130) == .none)
        #expect(table.timePassed(id, now: 200) == .interrupt(.heartbeat))
        #expect(table.interruption(id) == .heartbeat)
    }

    @Test("the machine's ceiling holds for everybody")
    func ceiling() throws {
        var table = ProcessTable(ceiling: 2)
        try table.insert(Self.status(1), role: .operator)
        try table.insert(Self.status(2), role: .operator)
        let error = #expect(throws: KernelError.self) {
            try table.insert(Self.status(3), role: .operator)
        }
        #expect(error?.code == .exhausted)
    }

    @Test("an ended process somebody reads outlives its turn, but not for ever")
    func lease() throws {
        var table = ProcessTable(ceiling: 100, keptEach: 2)
        func run(_ number: UInt64, now: UInt64) throws -> [ProcessID] {
            try table.insert(Self.status(number), role: .operator)
            table.publish(LogShelfTests.id(number))
            return Self.end(&table, LogShelfTests.id(number), now: now)
        }
        #expect(try run(1, now: 0) == [])
        table.wasRead(LogShelfTests.id(1), now: 0)
        #expect(try run(2, now: 1) == [])
        #expect(try run(3, now: 2) == [LogShelfTests.id(2)])
        #expect(try run(4, now: 3) == [LogShelfTests.id(3)])
        #expect(try run(5, now: Limits.readerLease + 1) == [LogShelfTests.id(1)])
        table.wasRead(LogShelfTests.id(4), now: Limits.readerLease + 1)
        table.wasReadToEnd(LogShelfTests.id(4))
        #expect(try run(6, now: Limits.readerLease + 2) == [LogShelfTests.id(4)])
    }

    /// The same table as lists that are searched from end to end.
    @Test(
        "names, counts and what is kept follow a simple model", arguments: 0..<20 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var table = ProcessTable(ceiling: 20, keptEach: 5)
        var living: [(id: UInt64, space: String, name: String?)] = []
        var ended: [(id: UInt64, space: String, name: String?)] = []
        var next: UInt64 = 1
        for _ in 0..<400 {
            let space = ["alice", "bob"].randomElement(using: &random) ?? "bob"
            if Int.random(in: 0..<5, using: &random) > 1 {
                let name = ["a", "b", "c", nil, nil].randomElement(using: &random) ?? nil
                let isTaken =
                    name != nil && living.contains { $0.space == space && $0.name == name }
                let fits = !isTaken && living.count < 20
                do throws(KernelError) {
                    try table.insert(Self.status(next, name, in: space), role: .operator)
                    if !fits { Issue.record("inserted what does not fit") }
                    table.publish(LogShelfTests.id(next))
                    living.append((next, space, name))
                    next += 1
                } catch {
                    #expect(error.code == (isTaken ? .nameTaken : .exhausted))
                }
            } else if let index = living.indices.randomElement(using: &random) {
                let one = living.remove(at: index)
                let gone = Self.end(&table, LogShelfTests.id(one.id), now: 0)
                ended.append(one)
                var expected: [ProcessID] = []
                while ended.count(where: { $0.space == one.space }) > 5,
                    let oldest = ended.firstIndex(where: { $0.space == one.space })
                { expected.append(LogShelfTests.id(ended.remove(at: oldest).id)) }
                if gone != expected { Issue.record("\(gone) went instead of \(expected)") }
            }
            if table.livingTotal != living.count { Issue.record("\(table.livingTotal) living") }
        }
        for space in ["alice", "bob"] {
            let namespace = try #require(Namespace(space))
            for name in ["a", "b", "c"] {
                let owner =
                    living.first { $0.space == space && $0.name == name }
                    ?? ended.last { $0.space == space && $0.name == name }
                let found = table.lookup(try #require(ProcessName(name)), in: namespace)
                #expect(found?.rawValue == owner?.id)
            }
        }
        let all = table.list(in: nil, includingEnded: true).map(\.id.rawValue)
        #expect(all == (living + ended).map(\.id).sorted())
    }
}
