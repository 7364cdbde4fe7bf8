import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("What is stored", .inTurn())
struct StoredBytesTests {
    static let outcomes: [ExitOutcome] = [
        .returned([]),
        .returned([
            .i8(-1), .u8(255), .i16(-2), .u16(65_535), .i32(.min), .u32(.max), .i64(.min),
            .u64(.max),
            .f32(-0.5), .f64(.infinity), .buffer([0, 1]), .utf8("é"),
        ]),
        .exit(code: 4_000_000_000),
        .trap(
            TrapRecord(
                kind: "unreachable", message: "m",
                frames: [
                    .init(functionIndex: 1, moduleOffset: nil, name: "\u{1b}"),
                    .init(functionIndex: 2, moduleOffset: .max, name: nil),
                ])),
        .killed(.runtimeShutdown), .limit("memory"), .startFailed("no"), .lost,
    ]

    static func record(_ outcome: ExitOutcome) -> ExitRecord {
        ExitRecord(
            outcome: outcome, incarnation: 3, stopRequested: true, startedAt: -1, endedAt: .max,
            cpuNanoseconds: 5, peakMemory: 6, memoryLimit: .max, lastSequence: 8)
    }

    @Test("every kind of end reads back as it was written", arguments: outcomes)
    func exits(outcome: ExitOutcome) throws {
        let record = Self.record(outcome)
        #expect(try ExitRecord(storedBytes: record.storedBytes) == record)
    }

    @Test("damaged bytes are damage, never a trap", arguments: 0..<50 as Range<UInt64>)
    func damage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for outcome in Self.outcomes {
            var bytes = Self.record(outcome).storedBytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !bytes.isEmpty: bytes.removeLast()
                case 1: bytes.append(UInt8.random(in: 0...255, using: &random))
                default:
                    guard !bytes.isEmpty else { continue }
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
            }
            _ = try? ExitRecord(storedBytes: bytes)
            _ = try? RequestAnswer(storedBytes: bytes)
            _ = try? [Grant](storedBytes: bytes)
            _ = try? StoredSupervision(storedBytes: bytes)
        }
        #expect((try? ExitRecord(storedBytes: [])) == nil)
    }

    @Test("answers read back as they were written")
    func answers() throws {
        let report = StartReport(
            id: ProcessID(7),
            digest: try #require(ModuleDigest(bytes: Array(repeating: 9, count: 32))),
            entrypoint: "_start",
            grants: [Grant(capability: .timeRead), Grant(capability: .fsRead, scope: "/srv")],
            notes: [
                ImportNote(module: "a", name: "b", capability: nil),
                ImportNote(module: "c", name: "d", capability: .envRead),
            ])
        guard
            case .started(report) = try RequestAnswer(
                storedBytes: RequestAnswer.started(report).storedBytes)
        else {
            Issue.record("another report")
            return
        }
        let outcome = StopOutcome.alreadyEnded(Self.record(.lost))
        guard
            case .stopped(outcome) = try RequestAnswer(
                storedBytes: RequestAnswer.stopped(outcome).storedBytes)
        else {
            Issue.record("another outcome")
            return
        }
    }

    @Test("how a process stands reads back as it was written", arguments: [0, 1, 2])
    func supervision(number: Int) throws {
        var wish = RestartWish()
        if number > 0 {
            wish.mode = number == 1 ? .always(most: nil) : .onFailure(most: 70)
            wish.backOff = try BackOff(minimum: 20_000_000, maximum: 3_000_000_000)
            wish.resetAfter = 5
            wish.limit = try RestartLimit(count: 3, window: 60_000_000_000)
            wish.noRestartOn = [0, 4_000_000_000]
        }
        wish.stopTimeout = 0
        let stored = StoredSupervision(
            policy: try RestartPolicy(wish), isRemovedAtEnd: number == 1,
            snapshot: SupervisionSnapshot(
                phase: .suspended, incarnation: 4_000_000_000, stopRequested: number == 2,
                restarts: 7, attempt: 8, ages: [9, .max]),
            end: number == 2 ? .crashed : nil)
        let bytes = stored.storedBytes
        #expect(try StoredSupervision(storedBytes: bytes) == stored)
        for count in bytes.indices {
            #expect((try? StoredSupervision(storedBytes: Array(bytes.prefix(count)))) == nil)
        }
    }

    @Test("what the next incarnation needs reads back as it was written; a part of it does not")
    func launch() throws {
        let digest = try #require(ModuleDigest(bytes: Array(repeating: 9, count: 32)))
        for module in [ModuleReference.digest(digest), .name("web")] {
            var wish = RestartWish()
            wish.mode = .always(most: 3)
            let spec = StartSpec(
                namespace: .system, creator: .operator, role: .operator, module: module,
                moduleName: "web", entrypoint: "main",
                arguments: [
                    Argument(value: .utf8("é"), text: "é", isSensitive: true),
                    Argument(value: .i64(-1), text: "-1"),
                ],
                results: [.f32], argv: ["-v"],
                environment: [EnvironmentVariable(name: "A", value: "b", isSensitive: true)],
                grants: [Grant(capability: .timeRead)], memoryLimit: 5, name: ProcessName("web"),
                strict: true, takesInput: true, policy: try RestartPolicy(wish),
                isRemovedAtEnd: true)
            let row = ProcessRow(
                id: try #require(ProcessID(7)), namespace: .system, name: spec.name,
                creator: .operator, moduleName: "web", moduleDigest: digest, entrypoint: "main",
                grants: spec.grants, memoryLimit: 5, createdAt: 0, ceiling: 0, exit: nil,
                supervision: StoredSupervision(
                    policy: spec.policy, isRemovedAtEnd: true,
                    snapshot: SupervisionStateMachine(policy: spec.policy).snapshot(now: 0),
                    end: nil))
            let bytes = spec.storedLaunch
            #expect(try StartSpec(row, storedLaunch: bytes) == spec)
            for count in bytes.indices {
                #expect((try? StartSpec(row, storedLaunch: Array(bytes.prefix(count)))) == nil)
            }
        }
    }

    @Test("who is asked about is not forgotten at its end before that is answered")
    func holds() throws {
        let id = try #require(ProcessID(1))
        let digest = try #require(ModuleDigest(bytes: Array(repeating: 7, count: 32)))
        var world = RuntimeWorld(
            table: ProcessTable(ceiling: 2), ids: IDBlock(after: 0, count: 1), endOrder: 0)
        #expect(world.hold(id) == false)
        var row = ProcessRow(
            id: id, namespace: .system, name: nil, creator: .operator, moduleName: "web",
            moduleDigest: digest, entrypoint: "main", grants: [], memoryLimit: 5, createdAt: 0,
            ceiling: 0, exit: nil, supervision: StoredSupervision(before: nil))
        let exit = ExitRecord(
            outcome: .lost, incarnation: 1, stopRequested: false, startedAt: 0, endedAt: 0,
            cpuNanoseconds: 0, peakMemory: 0, memoryLimit: 0, lastSequence: 1)
        row.exit = exit
        _ = world.table.restore(
            row.status, machine: SupervisionStateMachine(policy: .standard), exit: exit, now: 0,
            isRemovedAtEnd: true)
        #expect(world.removableAt(id, now: 5) == 0)
        #expect(world.hold(id) == true)
        #expect(world.hold(id) == true)
        world.release(id)
        #expect(world.removableAt(id, now: 5) == 5 + Limits.removalDelay)
        world.release(id)
        #expect(world.removableAt(id, now: 5) == 0)
    }

    @Test("process ids are reserved ahead, and the next block is asked for once")
    func ids() {
        var block = IDBlock(after: 1_000, count: 600)
        #expect(block.take()?.rawValue == 1_001)
        #expect(block.wanted() == nil)
        for _ in 0..<100 { _ = block.take() }
        #expect(block.wanted() == 2_600)
        #expect(block.wanted() == nil)
        block.reserved(through: 2_600, succeeded: false)
        #expect(block.wanted() == 2_600)
        block.reserved(through: 2_600, succeeded: true)
        var taken = 0
        while block.take() != nil { taken += 1 }
        #expect(taken == 1_499)
    }
}
