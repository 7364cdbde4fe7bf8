import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("What is kept of logs on disk", .inTurn())
struct SegmentLedgerTests {
    static let mebibyte: UInt64 = 1 << 20
    static let second: Int64 = 1_000_000_000

    static func id(_ number: UInt64) throws -> ProcessID { try #require(ProcessID(number)) }

    /// A disk that does what the ledger says.
    struct Disk {
        var ledger: SegmentLedger
        var files: [SegmentFile: UInt64] = [:]
        var open: [ProcessID: SegmentFile] = [:]
        var next: [ProcessID: UInt64] = [:]
        /// What was deleted, in order.
        var deleted: [SegmentFile] = []
        var deletedOpen = 0

        init(namespaceBytes: UInt64 = SegmentRetention.namespaceBytes) {
            ledger = SegmentLedger(namespaceBytes: namespaceBytes)
        }

        mutating func write(_ bytes: Int, to id: ProcessID, now: Int64) {
            let sequence = next[id] ?? 1
            let rotates = ledger.shouldRotate(id, adding: bytes, now: now)
            if rotates {
                let file = SegmentFile(process: id, firstSequence: sequence)
                files[file] = UInt64(SegmentHeader.byteCount)
                open[id] = file
                ledger.began(file, now: now)
            }
            if let file = open[id] { files[file]? += UInt64(bytes) }
            next[id] = sequence + 1
            let isTooMuch = ledger.wrote(bytes, through: sequence, to: id, now: now)
            if rotates || isTooMuch { makeRoom(for: id, now: now) }
        }

        mutating func end(_ id: ProcessID) {
            open[id] = nil
            ledger.ended(id)
        }

        mutating func makeRoom(for id: ProcessID?, now: Int64) {
            while true {
                let room =
                    id.map { ledger.makeRoom(for: $0, now: now) } ?? ledger.makeRoom(now: now)
                guard !room.isEmpty else { return }
                for file in room.delete {
                    if open[file.process] == file { deletedOpen += 1 }
                    files[file] = nil
                    deleted.append(file)
                }
                for id in room.close {
                    open[id] = nil
                    ledger.closed(id)
                }
            }
        }

        var bytes: UInt64 { files.values.reduce(0, +) }
    }

    @Test("segments end at their size, and no log outgrows what is kept of it")
    func perProcess() throws {
        let id = try Self.id(1)
        let namespace = Namespace.system
        for keep in [UInt64(64) << 20, 1 << 20, 100_000] {
            var disk = Disk()
            disk.ledger.open(id, in: namespace, retention: SegmentRetention(bytes: keep))
            let segment = min(4 << 20, max(64 << 10, keep / 8))
            for _ in 0..<(3 * Int(keep) / 30_000 + 10) {
                disk.write(30_000, to: id, now: 0)
                if disk.bytes > max(keep, 65_536 + 30_056) {
                    Issue.record("\(disk.bytes) of \(keep)")
                }
            }
            #expect(disk.files.values.allSatisfy { $0 <= segment })
            #expect(disk.bytes + 2 * segment >= keep)
            #expect(disk.bytes == disk.ledger.bytes(of: id))
            #expect(disk.bytes == disk.ledger.bytes(in: namespace))
            #expect(disk.deletedOpen == 0)
            let range = try #require(disk.ledger.range(id))
            #expect(range.oldest == disk.files.keys.map(\.firstSequence).min())
            #expect(range.last == disk.next[id].map { $0 - 1 })
            // The files of a position are those behind it, in order, and no more than one before.
            let files = disk.ledger.files(id, from: range.oldest)
            #expect(files.count == disk.files.count)
            #expect(files.map(\.name).sorted() == files.map(\.name))
            #expect(disk.ledger.files(id, from: range.last) == files.suffix(1))
            #expect(disk.ledger.files(id, from: range.last + 1).isEmpty)
        }
    }

    @Test("a frame longer than a segment has one for itself, and none stays empty")
    func long() throws {
        let id = try Self.id(1)
        var disk = Disk()
        disk.ledger.open(id, in: .system, retention: SegmentRetention(bytes: 1))
        for _ in 0..<5 { disk.write(70_000, to: id, now: 0) }
        #expect(disk.files.count == 1)
        #expect(disk.deleted.count == 4)
        #expect(!disk.files.values.contains(UInt64(SegmentHeader.byteCount)))
    }

    @Test("what is older than it may be goes, a clock that jumps back deletes nothing")
    func ages() throws {
        let id = try Self.id(1)
        var disk = Disk()
        disk.ledger.open(
            id, in: .system, retention: SegmentRetention(age: UInt64(80 * Self.second)))
        for step in 0..<200 { disk.write(100, to: id, now: Int64(step) * Self.second) }
        #expect((7...10).contains(disk.files.count))
        let oldest = try #require(disk.ledger.range(id)).oldest
        #expect((100...130).contains(oldest))
        let before = disk.files
        disk.makeRoom(for: nil, now: -1_000 * Self.second)
        #expect(disk.files == before)
        disk.makeRoom(for: nil, now: 1_000 * Self.second)
        #expect(disk.files.count == 1)
        #expect(disk.deletedOpen == 0)
    }

    @Test("ended processes lose their logs first, the oldest end before the others")
    func endedFirst() throws {
        var disk = Disk(namespaceBytes: 10 * Self.mebibyte)
        let ids = try (1...4).map { try Self.id(UInt64($0)) }
        for id in ids { disk.ledger.open(id, in: .system) }
        for id in ids.prefix(3) { for _ in 0..<100 { disk.write(30_000, to: id, now: 0) } }
        // The second ended first; somebody reads it.
        disk.end(ids[1])
        disk.ledger.readerCame(ids[1])
        disk.end(ids[0])
        for _ in 0..<40 { disk.write(30_000, to: ids[3], now: 0) }
        #expect(disk.deleted.isEmpty)
        for _ in 0..<60 { disk.write(30_000, to: ids[3], now: 0) }
        #expect(Set(disk.deleted.map(\.process)) == [ids[0]])
        #expect(disk.ledger.range(ids[0]) == LogRange(oldest: 101, last: 100))
        disk.ledger.readerLeft(ids[1])
        disk.ledger.readerLeft(ids[1])
        for _ in 0..<60 { disk.write(30_000, to: ids[3], now: 0) }
        #expect(Set(disk.deleted.map(\.process)) == [ids[0], ids[1]])
        for _ in 0..<400 { disk.write(30_000, to: ids[3], now: 0) }
        // Now the living: the writer's own oldest, before anybody's open segment.
        #expect(Set(disk.deleted.map(\.process)) == [ids[0], ids[1], ids[3]])
        #expect(disk.bytes <= 11 * Self.mebibyte)
        #expect(disk.deletedOpen == 0)
    }

    @Test("ten thousand small logs are bounded too: the idle ones are closed, then go")
    func small() throws {
        var disk = Disk(namespaceBytes: 1_000_000)
        for number in UInt64(1)...1_000 {
            let id = try Self.id(number)
            disk.ledger.open(id, in: .system)
            disk.write(2_000, to: id, now: 0)
            if disk.bytes > 1_002_056 { Issue.record("\(disk.bytes) bytes") }
        }
        #expect(disk.bytes > 900_000)
        // Those that were written the longest ago are gone.
        #expect(disk.deleted.map(\.process.rawValue) == Array(1...UInt64(disk.deleted.count)))
        #expect(disk.deletedOpen == 0)
    }

    @Test("namespaces do not pay for each other")
    func namespaces() throws {
        let other = try #require(Namespace("other"))
        var disk = Disk(namespaceBytes: 8 * Self.mebibyte)
        let quiet = try Self.id(1)
        let loud = try Self.id(2)
        disk.ledger.open(quiet, in: other)
        disk.ledger.open(loud, in: .system)
        for _ in 0..<100 { disk.write(30_000, to: quiet, now: 0) }
        disk.end(quiet)
        for _ in 0..<1_000 { disk.write(30_000, to: loud, now: 0) }
        #expect(Set(disk.deleted.map(\.process)) == [loud])
        #expect(disk.ledger.bytes(in: other) == disk.ledger.bytes(of: quiet))
        #expect(disk.ledger.remove(quiet).count == 1)
        #expect(disk.ledger.bytes(in: other) == 0)
        #expect(disk.ledger.range(quiet) == nil)
        #expect(disk.ledger.remove(quiet).isEmpty)
    }

    @Test("a new runtime takes the files over by age; those of nobody come back")
    func restore() throws {
        var ledger = SegmentLedger(namespaceBytes: 250)
        let a = try Self.id(1)
        let b = try Self.id(2)
        ledger.open(a, in: .system)
        ledger.open(b, in: .system)
        func stored(_ id: ProcessID, _ first: UInt64, _ time: Int64) -> StoredSegment {
            StoredSegment(
                file: SegmentFile(process: id, firstSequence: first), last: first + 9, bytes: 100,
                latestWallTime: time)
        }
        let stray = stored(try Self.id(3), 1, 0)
        let strays = ledger.restore([
            stored(a, 11, 5), stored(b, 1, 1), stored(a, 1, 2), stored(b, 11, 9), stray,
        ])
        #expect(strays == [stray.file])
        #expect(ledger.range(a) == LogRange(oldest: 1, last: 20))
        #expect(ledger.bytes(in: .system) == 400)
        #expect(ledger.shouldRotate(a, adding: 1, now: 0))
        let room = ledger.makeRoom(now: 10)
        #expect(
            room.delete == [
                SegmentFile(process: b, firstSequence: 1),
                SegmentFile(process: a, firstSequence: 1),
            ])
        #expect(ledger.range(b) == LogRange(oldest: 11, last: 20))
        // A process whose files are all gone still knows what it gave.
        let c = try Self.id(4)
        ledger.open(c, in: .system, last: 65_536)
        #expect(ledger.range(c) == LogRange(oldest: 65_537, last: 65_536))
    }

    @Test(
        "at random, books and disk agree, bounds hold, and no open file goes",
        arguments: 0..<10 as Range<UInt64>)
    func walk(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let limit = 2 * Self.mebibyte
        var disk = Disk(namespaceBytes: limit)
        var living: [ProcessID] = []
        var number: UInt64 = 0
        var now: Int64 = 0
        for _ in 0..<2_000 {
            now += Int64.random(in: -1...3, using: &random) * Self.second
            switch Int.random(in: 0..<100, using: &random) {
            case ..<3:
                number += 1
                let id = try Self.id(number)
                let age = Bool.random(using: &random) ? UInt64(400 * Self.second) : nil
                disk.ledger.open(
                    id, in: .system, retention: SegmentRetention(bytes: 1 << 20, age: age))
                living.append(id)
            case ..<5:
                guard let id = living.randomElement(using: &random) else { continue }
                living.removeAll { $0 == id }
                disk.end(id)
            default:
                guard let id = living.randomElement(using: &random) else { continue }
                disk.write(Int.random(in: 1...32_768, using: &random), to: id, now: now)
            }
            let sum = living.reduce(UInt64(0)) { max($0, disk.ledger.bytes(of: $1)) }
            guard disk.ledger.bytes(in: .system) == disk.bytes, sum <= 1 << 20,
                disk.bytes <= limit + 33_000, disk.deletedOpen == 0
            else {
                Issue.record("seed \(seed): \(disk.bytes) bytes, \(disk.deletedOpen) open deleted")
                return
            }
        }
        #expect(disk.deleted.count > 10)
        // Of every log what is left is one stretch up to its end.
        for id in (1...number).compactMap({ ProcessID($0) }) {
            let files = disk.files.keys.filter { $0.process == id }.map(\.firstSequence).sorted()
            let gone = disk.deleted.filter { $0.process == id }.map(\.firstSequence)
            #expect(gone == gone.sorted())
            if let first = files.first, let last = gone.last { #expect(last < first) }
        }
    }
}
