import Foundation
import GRDB
import Logging
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumRuntime

@Suite("The state database", .inTurn(minutes: 2))
struct StateStoreTests {
    @Test("a change that fails hurts no other of its group, and all are told in order")
    func groups() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try StateStore(
            path: path + "/state.sqlite",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(
            await store.commit { try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") })
        let told = Mutex<[(Int, Bool)]>([])
        for number in 0..<200 {
            store.write(
                { database in
                    // Every tenth is there already.
                    try database.execute(
                        sql: "INSERT INTO t VALUES (?)",
                        arguments: [number % 10 == 9 ? number - 1 : number])
                }, done: { committed in told.withLock { $0.append((number, committed)) } })
        }
        _ = await store.commit { _ in }
        let answers = told.withLock { $0 }
        #expect(answers.map(\.0) == Array(0..<200))
        #expect(answers.filter { !$0.1 }.map(\.0) == (0..<200).filter { $0 % 10 == 9 })
        #expect(try store.atOpen { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 180)
        store.close()
    }

    @Test("of a namespace the newest events are kept, and another's stay")
    func events() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try StateStore(
            path: path + "/state.sqlite",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let busy = try #require(Namespace("busy"))
        let quiet = try #require(Namespace("quiet"))
        let count = Limits.events + 500
        #expect(await store.commit { try $0.note(.moduleNamed, "first", in: quiet, "") })
        #expect(
            await store.commit { database in
                for _ in 0..<count { try database.note(.moduleNamed, "a", in: busy, "") }
            })
        let (kept, others) = try store.atOpen { database in
            (
                try database.events(from: 1, in: [busy], atMost: .max),
                try database.events(from: 1, in: [quiet], atMost: .max)
            )
        }
        #expect(kept.count >= Limits.events && kept.count < Limits.events + 64)
        #expect(kept.last?.index == UInt64(count) + 1)
        #expect(others.map(\.name) == ["first"])
        // What fails gives its number back with everything else.
        #expect(
            await !store.commit { database in
                try database.note(.moduleNamed, "never", in: quiet, "")
                throw DatabaseError(message: "no")
            })
        #expect(store.eventMarks.withLock { $0.last } == Int64(count) + 1)
        store.close()
    }
}
