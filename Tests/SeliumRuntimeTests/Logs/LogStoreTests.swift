import Foundation
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("Logs on disk", .inTurn(minutes: 2))
struct LogStoreTests {
    private static func small(_ bytes: UInt64 = 1 << 20, cached: Int = 0) -> LogStore.Configuration
    {
        var configuration = LogStore.Configuration()
        configuration.retention = SegmentRetention(bytes: bytes)
        configuration.cached = cached
        configuration.reserve = { _ in 0 }
        return configuration
    }

    private static func lines(_ numbers: ClosedRange<Int>, _ length: Int = 20) -> String {
        numbers.map { LogRig.line($0, length) }.joined()
    }

    @Test("what memory has let go of is read from disk, and the change between the two is not seen")
    func both() async throws {
        let rig = try LogRig(Self.small(64 << 20))
        rig.write(1...400)
        // The last chunk of a log is never let go of.
        rig.write(401...500)
        await rig.settle()
        rig.forget()
        rig.write(501...600)
        #expect(try await rig.text(from: 1) == Self.lines(1...600))
        let memory = try #require(rig.logs.withLock { $0.oldest(rig.id) })
        #expect(memory > 1)
        for count in [1, 99, 100, 101, 450, 600, 601] {
            let position = try await rig.reader.position(
                rig.id, .last(UInt64(count), streams: [.stdout]))
            #expect(position == UInt64(max(1, 601 - count)), "\(count)")
        }
        #expect(try await rig.reader.position(rig.id, .oldest) == 1)
        #expect(try await rig.reader.position(rig.id, .end) == 601)
    }

    @Test("the next runtime has every record, and goes on in a file of its own")
    func restart() async throws {
        let rig = try LogRig(Self.small())
        rig.write(1...300)
        try await rig.reopen()
        #expect(try await rig.text(from: 1) == Self.lines(1...300))
        rig.write(301...400)
        try await rig.reopen()
        #expect(try await rig.text(from: 1) == Self.lines(1...400))
        #expect(rig.segments.count == 2)
    }

    @Test("a position beyond the next record says which there are, those on disk included")
    func beyond() async throws {
        let rig = try LogRig(Self.small())
        rig.write(1...300)
        try await rig.reopen()
        let error = await refusal {
            try await rig.reader.records(rig.id, from: 302, atMost: 100)
        }
        #expect(error?.code == .outOfRange)
        #expect(error?.range == LogRange(oldest: 1, last: 300))
    }

    @Test("what was torn off is cut off, and a gap; the file is whole again")
    func torn() async throws {
        let rig = try LogRig(Self.small())
        rig.write(1...100)
        await rig.settle()
        rig.write(101...200)
        try await rig.reopen(given: 1_000) { _ in
            let file = try #require(rig.segments.last)
            var bytes = try Data(contentsOf: file)
            bytes.removeLast(7)
            try bytes.write(to: file)
        }
        #expect(try await rig.text(from: 1) == Self.lines(1...100) + "[101-1000 lost]")
        #expect(rig.captured.lines.map(\.message).contains("the torn end of a log was cut off"))
        rig.write(1_001...1_010)
        try await rig.reopen()
        let text = try await rig.text(from: 1)
        #expect(text == Self.lines(1...100) + "[101-1000 lost]" + Self.lines(1_001...1_010))
    }

    @Test("a segment that is none any more is set aside as it is, with a message; the rest is read")
    func setAside() async throws {
        let rig = try LogRig(Self.small())
        rig.write(1...100)
        try await rig.reopen()
        rig.write(101...200)
        var damaged = Data()
        try await rig.reopen(given: 200) { path in
            let file = try #require(rig.segments.first)
            damaged = try Data(contentsOf: file)
            damaged[20] ^= 1
            try damaged.write(to: file)
        }
        #expect(
            rig.captured.lines.map(\.message).contains(
                "a log segment cannot be read and was set aside"))
        let aside = URL(filePath: rig.path).appending(path: "set-aside/7-0000000000000001.log")
        #expect(try Data(contentsOf: aside) == damaged)
        #expect(try await rig.text(from: 1) == "[1-100 retention]" + Self.lines(101...200))
    }

    @Test("damage in the middle of a segment costs the records it lies in, and is reported once")
    func hole() async throws {
        let rig = try LogRig(Self.small())
        for first in stride(from: 1, through: 401, by: 100) {
            rig.write(first...(first + 99))
            await rig.settle()
        }
        try await rig.reopen { _ in
            let file = try #require(rig.segments.first)
            var bytes = try Data(contentsOf: file)
            // In the text of the second chunk of five.
            bytes[56 + 2_040 + 500] ^= 0xff
            try bytes.write(to: file)
        }
        let expected = Self.lines(1...100) + "[101-200 lost]" + Self.lines(201...500)
        #expect(try await rig.text(from: 1) == expected)
        #expect(try await rig.text(from: 1) == expected)
        let reports = rig.captured.lines.map(\.message).filter { $0.contains("to its end") }
        #expect(reports.count == 1)
    }

    @Test("the oldest segments go, by size; who asks for them gets a gap that counts them")
    func retention() async throws {
        let rig = try LogRig(Self.small())
        for first in stride(from: 1, through: 29_901, by: 100) {
            rig.write(first...(first + 99), length: 100)
            await rig.settle()
        }
        let sizes = try rig.segments.map {
            try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        }
        #expect(sizes.allSatisfy { $0 <= 128 << 10 })
        #expect(sizes.reduce(0, +) <= 1 << 20)
        #expect(sizes.reduce(0, +) > 700 << 10)
        let oldest = try await rig.reader.position(rig.id, .oldest)
        #expect(oldest > 1)
        let text = try await rig.text(from: 1)
        #expect(
            text == "[1-\(oldest - 1) retention]" + Self.lines(Int(oldest)...30_000, 100))
        // Files keep their names: each is that of its first record.
        for file in rig.segments {
            let name = try #require(SegmentName(file.lastPathComponent))
            let header = try SegmentHeader([UInt8](try Data(contentsOf: file)).span)
            #expect(header.firstSequence == name.firstSequence)
        }
    }

    @Test("what is older than it may be goes with its segment, at the start of a runtime, too")
    func age() async throws {
        var configuration = Self.small()
        configuration.retention.age = 600_000_000_000
        let rig = try LogRig(configuration)
        let now = SystemClock().realtime()
        rig.write(1...100, at: now)
        try await rig.reopen { _ in
            for file in rig.segments {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file.path)
            }
        }
        #expect(rig.segments.count == 1, "the last segment's own records say how old it is")
        rig.write(101...200, at: now)
        await rig.settle()
        try await rig.reopen { _ in
            let file = try #require(rig.segments.first)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file.path)
        }
        #expect(try await rig.text(from: 1) == "[1-100 retention]" + Self.lines(101...200))
    }

    @Test("'since' finds the first record that is not older, on disk and in memory")
    func since() async throws {
        let rig = try LogRig(Self.small())
        for time in 1...5 {
            rig.write((time * 10 - 9)...(time * 10), at: Int64(time) * 100)
            await rig.settle()
        }
        rig.forget()
        rig.write(51...60, at: 600)
        for (time, expected) in [(0, 1), (100, 1), (101, 11), (500, 41), (501, 51), (601, 61)] {
            let position = try await rig.reader.position(rig.id, .since(Int64(time)))
            #expect(position == UInt64(expected), "\(time)")
        }
    }

    @Test("a log that is removed leaves no file, and one that nobody knows goes at the start")
    func removal() async throws {
        let rig = try LogRig(Self.small())
        rig.write(1...100)
        await rig.settle()
        #expect(rig.segments.count == 1)
        rig.store.remove([rig.id])
        await rig.settle()
        #expect(try FileManager.default.contentsOfDirectory(atPath: rig.path) == ["modules"])
        try await rig.reopen { path in
            let stray = URL(filePath: path).appending(path: "9")
            try FileManager.default.createDirectory(
                at: stray, withIntermediateDirectories: false)
            try Data("x".utf8).write(to: stray.appending(path: "0000000000000001.log"))
        }
        #expect(!FileManager.default.fileExists(atPath: rig.path + "/9"))
    }

    @Test("every kind of record comes back from disk as it was written")
    func records() async throws {
        let rig = try LogRig(Self.small())
        let denial = Denial(
            capability: "TimeRead", resource: "clock", nearestGrant: "a", difference: "b")
        let exit = ExitRecord(
            outcome: .exit(code: 3), incarnation: 2, stopRequested: true, startedAt: 4, endedAt: 5,
            cpuNanoseconds: 6, peakMemory: 7, memoryLimit: 8, lastSequence: 9)
        let records: [SystemRecord] = [
            .began(incarnation: 2), .unknownImport(module: "m", name: "n"), .denied(denial),
            .note("a note"), .ended(exit),
        ]
        rig.logs.withLock { shelf in
            for record in records {
                shelf.append(record, to: rig.id, wallTime: 11, monotonicTime: 12, goesOn: true)
            }
        }
        let written = try await rig.read(from: 1)
        _ = rig.store.appended(rig.id)
        try await rig.reopen()
        #expect(rig.logs.withLock { $0.oldest(rig.id) } == 6)
        #expect(try await rig.read(from: 1) == written)
    }

    /// Records are numbers; what a reader got is the numbers it saw and those that gaps counted.
    @Test(
        "whoever reads, whenever, gets every record once or a gap for it",
        arguments: 0..<12 as Range<UInt64>)
    func model(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let rig = try LogRig(Self.small(cached: seed.isMultiple(of: 2) ? 0 : 5_000))
        var given = 0
        var position: UInt64 = 1
        for _ in 0..<150 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let count = Int.random(in: 1...40, using: &random)
                rig.write(given + 1...given + count, length: 200)
                given += count
            case 4: await rig.settle()
            case 5...6 where position <= UInt64(given):
                let atMost = Int.random(in: 1...20_000, using: &random)
                let batch = try await rig.reader.records(
                    rig.id, from: position, atMost: atMost)
                try check(batch, from: position)
                position = batch.next
            case 7 where given < 100_000 && Int.random(in: 0..<4, using: &random) == 0:
                // The writer had everything; the ceiling was further up.
                let reserved = given + Int.random(in: 0...50, using: &random)
                try await rig.reopen(given: UInt64(reserved))
                given = reserved
            default: break
            }
        }
        while position <= UInt64(given) {
            let batch = try await rig.reader.records(rig.id, from: position, atMost: 5_000)
            try check(batch, from: position)
            position = batch.next
        }
        #expect(position == UInt64(given) + 1)
    }

    private func check(_ batch: LogBatch, from position: UInt64) throws {
        var expected = position
        for item in batch.items {
            switch item {
            case .gap(let gap):
                #expect(gap.from == expected)
                expected = gap.through + 1
            case .chunk(let chunk):
                #expect(chunk.first <= expected)
                guard case .text(_, let bytes) = chunk.content else { continue }
                let text = String(decoding: bytes, as: UTF8.self)
                let numbers = text.split(separator: "\n").compactMap { line in
                    UInt64(line.prefix { $0 != "." })
                }
                #expect(numbers == Array(chunk.first...chunk.last))
                expected = chunk.last + 1
            }
        }
        #expect(batch.next == expected)
    }
}
