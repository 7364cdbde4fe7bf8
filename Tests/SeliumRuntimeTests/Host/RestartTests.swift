import Foundation
import GRDB
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("A runtime after a runtime", .inTurn(minutes: 2))
struct RestartTests {
    /// What a kill -9 would leave behind: the files as they are at this moment.
    static func crashed(_ directory: String) throws -> String {
        let copy = try RuntimeFixture.directory()
        try FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: directory, toPath: copy)
        return copy
    }

    @Test("a process without a record is lost, its id is not used again, its sequences are a gap")
    func lost() async throws {
        try await RuntimeFixture.with { first, path in
            let ended = try await first.run(ContractModules.module(.lines(3, exit: 7)))
            let record = try await first.wait(ended)
            let log = try await first.items(ended)
            let id = try await first.run(ContractModules.module(.endless)) {
                $0.name = ProcessName("web")
            }
            await first.logStore?.settle()
            let copy = try Self.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let status = try #require(try await second.status(id))
            #expect(status.state == .crashed)
            #expect(status.exit?.outcome == .lost)
            #expect(try await second.wait(id) == status.exit)
            let name = try #require(ProcessName("web"))
            #expect(try await second.lookup(name, in: Runtime.space) == id)
            let items = try await second.items(id)
            #expect(items.count == 3, "its begin, what is lost, its end")
            #expect(items.dropFirst().first == Self.lost(2...65_536))
            // The one that had ended keeps its record, and its log.
            #expect(try await second.wait(ended) == record)
            #expect(try await second.items(ended) == log)
            let next = try await second.run(ContractModules.module(.lines(1, exit: 0)))
            #expect(next.rawValue > id.rawValue)
            let stop = try await second.stop(id, idempotency: nil)
            #expect(stop == .alreadyEnded(try await second.wait(id)))
            await second.shutDown()
        }
    }

    private static func lost(_ range: ClosedRange<UInt64>) -> LogItem {
        .gap(
            LogGap(from: range.lowerBound, through: range.upperBound, bytes: 0, reason: .lost))
    }

    @Test("logs that are kept in memory only end with their runtime, and leave no file")
    func memoryOnly() async throws {
        try await RuntimeFixture.with(logStorage: .memory) { first, path in
            let id = try await first.run(ContractModules.module(.lines(3, exit: 7)))
            let record = try await first.wait(id)
            #expect(try await first.output(id) == "line 1\nline 2\nline 3\n")
            let copy = try Self.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy, logStorage: .memory)
            #expect(
                try await second.items(id).first == Self.lost(1...(record.lastSequence - 1)))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: copy + "/state/logs") == [])
            await second.shutDown()
            // With a disk again, what it never had is lost, too.
            let again = try Self.crashed(copy)
            defer { try? FileManager.default.removeItem(atPath: again) }
            let third = try RuntimeFixture.open(again)
            #expect(
                try await third.items(id).first == Self.lost(1...(record.lastSequence - 1)))
            await third.shutDown()
        }
    }

    @Test("a log whose process is removed, or pushed out, goes from the disk")
    func removedLog() async throws {
        try await RuntimeFixture.with { runtime, path in
            let id = try await runtime.run(ContractModules.module(.lines(3, exit: 7)))
            _ = try await runtime.wait(id)
            await runtime.logStore?.settle()
            let logs = path + "/state/logs"
            #expect(try FileManager.default.contentsOfDirectory(atPath: logs) == ["\(id)"])
            try await runtime.remove(id, force: false, idempotency: nil)
            await runtime.logStore?.settle()
            #expect(try FileManager.default.contentsOfDirectory(atPath: logs) == [])
        }
    }

    @Test("sequences a guest was given are never beyond the gap")
    func ceiling() async throws {
        let endless = GuestTests.flood.replacingOccurrences(
            of: "(br_if $more (i32.lt_u (local.get $i) (i32.const 1000)))", with: ""
        )
        .replacingOccurrences(
            of: "(local.set $i (i32.add (local.get $i) (i32.const 1)))", with: "(br $more)")
        try await RuntimeFixture.with { first, path in
            let id = try await first.run(ContractModules.wasm(endless))
            var position: UInt64 = 1
            while position < 300_000 {
                position = try await first.readLog(id, from: position, atMost: 1 << 20).next
            }
            let copy = try Self.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let lost = try await second.items(id).compactMap { item in
                if case .gap(let gap) = item, gap.reason == .lost { gap } else { nil }
            }
            #expect(lost.count == 1)
            #expect(lost.first?.through ?? 0 >= position - 1)
            await second.shutDown()
        }
    }

    @Test("a repeated start after a restart gives the first one's answer")
    func idempotency() async throws {
        try await RuntimeFixture.with { first, path in
            let key = HostContract.request(1, body: 1)
            let spec = try await first.spec(ContractModules.module(.readsClock))
            let report = try await first.start(spec, idempotency: key)
            #expect(report.notes.count == 1)
            let id = try #require(report.id)
            _ = try await first.wait(id)
            let stop = try await first.stop(id, idempotency: HostContract.request(2, body: 2))
            let copy = try Self.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            #expect(try await second.start(spec, idempotency: key) == report)
            #expect(
                try await second.stop(id, idempotency: HostContract.request(2, body: 2)) == stop)
            let error = await refusal {
                try await second.start(spec, idempotency: HostContract.request(1, body: 9))
            }
            #expect(error?.code == .aborted)
            await second.shutDown()
        }
    }

    @Test("the answer of a stop is committed together with the end that it caused")
    func stopAndEnd() async throws {
        try await RuntimeFixture.with { first, path in
            let id = try await first.run(ContractModules.module(.endless))
            // Without an answer there is no end.
            let isSet = await first.state.commit {
                try $0.execute(
                    sql: """
                        CREATE TRIGGER apart BEFORE UPDATE OF exit ON process
                        WHEN NOT EXISTS (SELECT 1 FROM request)
                        BEGIN SELECT RAISE(ABORT, 'apart'); END
                        """)
            }
            #expect(isSet)
            let keys = [HostContract.request(1, body: 1), HostContract.request(2, body: 2)]
            async let one = first.stop(id, idempotency: keys[0])
            async let two = first.stop(id, idempotency: keys[1])
            let answers = try await [one, two]
            let copy = try Self.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            #expect(try await second.wait(id).outcome == .killed(.noStopHandler))
            for (key, answer) in zip(keys, answers) {
                #expect(try await second.stop(id, idempotency: key) == answer)
            }
            await second.shutDown()
        }
    }

    @Test("a runtime that is shut down ends its processes with a record")
    func drain() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try RuntimeFixture.open(path)
        let spinning = try await first.run(ContractModules.module(.endless))
        let waiting = try await first.run(ContractModules.module(.echo)) { $0.takesInput = true }
        let waiter = Task { try await first.wait(waiting) }
        let spec = try await first.spec(ContractModules.module(.endless))
        await first.shutDown()
        #expect(try await waiter.value.outcome == .killed(.runtimeShutdown))
        let refused = await refusal {
            try await first.start(spec, idempotency: nil)
        }
        #expect(refused?.code == .unavailable)
        #expect(try await first.info().livingProcesses == 0)
        let second = try RuntimeFixture.open(try Self.crashed(path))
        for id in [spinning, waiting] {
            #expect(try await second.wait(id).outcome == .killed(.runtimeShutdown))
        }
        let next = try await second.run(ContractModules.module(.lines(1, exit: 0)))
        #expect(next.rawValue == waiting.rawValue + 1, "no id is skipped without a crash")
        await second.shutDown()
    }

    @Test("a directory is used by one runtime at a time")
    func lock() async throws {
        try await RuntimeFixture.with { _, path in
            let error = #expect(throws: RuntimeError.self) { try RuntimeFixture.open(path) }
            #expect(error?.message.contains("another runtime works in") == true)
        }
    }
}
