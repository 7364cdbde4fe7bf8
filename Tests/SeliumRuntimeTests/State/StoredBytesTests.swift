import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import Testing

@testable import SeliumRuntime

@Suite("What is stored")
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
