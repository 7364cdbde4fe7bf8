import Foundation
import GRDB
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("What a runtime keeps of processes and modules", .inTurn(minutes: 2))
struct KeptTests {
    @Test(
        "what inspect tells survives the runtime, and says so of a process from before it was kept")
    func inspected() async throws {
        try await RuntimeFixture.with { first, path in
            let id = try await first.run(ContractModules.module(.endless)) {
                $0.environment = [EnvironmentVariable(name: "A", value: "secret")]
                $0.argv = ["x"]
                $0.labels = [ProcessLabel("tier", "web")].compactMap { $0 }
            }
            let before = try #require(try await first.inspect(id))
            #expect(before.ends.isEmpty)
            #expect(before.log.oldest == 1)
            #expect(before.log.last >= 1)
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let after = try #require(try await second.inspect(id))
            #expect(after.outline == before.outline)
            #expect(after.outline?.environment.map(\.name) == ["A"])
            #expect(after.outline?.argvLengths == [1])
            #expect(after.ends.map(\.outcome) == [.lost])
            #expect(after.status.labels == before.status.labels)
            #expect(after.status.labels.map(\.value) == ["web"])
            await second.shutDown()
            let older = try RestartTests.crashed(copy)
            defer { try? FileManager.default.removeItem(atPath: older) }
            let database = try DatabaseQueue(path: older + "/state/state.sqlite")
            try await database.write { try $0.execute(sql: "UPDATE process SET outline = NULL") }
            try database.close()
            let third = try RuntimeFixture.open(older)
            let old = try #require(try await third.inspect(id))
            #expect(old.outline == nil)
            #expect(old.status == after.status)
            await third.shutDown()
        }
    }

    /// Puts a database of the layout before outlines, labels and names of modules in the place of
    /// one of today, with the same rows.
    private func age(_ directory: String) throws {
        let (path, old) = (directory + "/state/state.sqlite", directory + "/old.sqlite")
        let database = try DatabaseQueue(path: old)
        try StateSchema.migrator.migrate(database, upTo: "2 supervision")
        try database.inDatabase { database in
            #expect(try !database.columns(in: "process").map(\.name).contains("labels"))
            try database.execute(sql: "ATTACH DATABASE ? AS today", arguments: [path])
            for table in ["process", "request", "module", "upload", "reserved", "launch"] {
                let columns = try database.columns(in: table, in: "main").map(\.name)
                    .joined(separator: ", ")
                try database.execute(
                    sql: """
                        DELETE FROM main.\(table);
                        INSERT INTO main.\(table) (\(columns)) SELECT \(columns) FROM today.\(table);
                        """)
            }
            try database.execute(sql: "DELETE FROM main.reserved WHERE what = 'event'")
            try database.execute(sql: "DETACH DATABASE today")
        }
        try database.close()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        try FileManager.default.moveItem(atPath: old, toPath: path)
    }

    @Test("a database of the layout before is brought to this one, and loses nothing")
    func migrates() async throws {
        try await RuntimeFixture.with { first, path in
            let bytes = ContractModules.module(.lines(2, exit: 7))
            let ended = try await first.run(bytes) { $0.name = ProcessName("old") }
            let record = try await first.wait(ended)
            var wish = RestartWish()
            wish.mode = .always(most: nil)
            let policy = try RestartPolicy(wish)
            let living = try await first.run(ContractModules.module(.endless)) {
                $0.policy = policy
                $0.labels = [ProcessLabel("tier", "web")].compactMap { $0 }
            }
            let modules = try await first.modules(in: [Runtime.space])
            #expect(modules.count == 2)
            await first.logStore?.settle()
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            try age(copy)
            let second = try RuntimeFixture.open(copy)
            let old = try #require(try await second.inspect(ended))
            #expect(old.status.name?.text == "old")
            #expect(old.status.labels.isEmpty)
            #expect(old.outline == nil)
            #expect(old.ends == [record])
            #expect(old.log.last == record.lastSequence)
            // It begins again, as its row says, and what comes after the migration is kept.
            let again = try #require(try await second.inspect(living))
            #expect(again.status.policy == policy)
            #expect(!again.status.state.hasEnded)
            #expect(again.ends.map(\.outcome) == [.lost])
            await second.resumeProcesses()
            #expect(try await second.waitUntilRunning(living) == 2)
            let rows = try await second.modules(in: [Runtime.space])
            #expect(Set(rows.map(\.digest)) == Set(modules.map(\.digest)))
            #expect(rows.map(\.addedAt).sorted() == modules.map(\.addedAt).sorted())
            let new = try await second.run(bytes) {
                $0.labels = [ProcessLabel("tier", "db")].compactMap { $0 }
            }
            #expect(new.rawValue > living.rawValue)
            _ = try await second.wait(new)
            #expect(try await second.inspect(new)?.outline != nil)
            #expect(try await second.status(new)?.labels.map(\.value) == ["db"])
            // What happened before is not known.
            let events = try await second.events(
                from: .index(1), in: nil, atMost: 100, isOnce: true
            ).events
            #expect(events.first?.index == 1)
            #expect(events.contains { $0.kind == .ended && $0.detail == "lost" })
            #expect(events.contains { $0.kind == .restarted && $0.process == living })
            #expect(
                events.filter { $0.process == new }.map(\.kind) == [.started, .ended, .finished])
            await second.shutDown()
        }
    }

    @Test("events survive the runtime, and go on behind the last one")
    func events() async throws {
        try await RuntimeFixture.with { first, path in
            let id = try await first.run(ContractModules.module(.endless))
            let before = try await first.events(
                from: .index(1), in: nil, atMost: 100, isOnce: true)
            #expect(before.events.map(\.kind) == [.started])
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let after = try await second.events(
                from: .index(1), in: [Runtime.space], atMost: 100, isOnce: true)
            #expect(after.events.first == before.events.first)
            #expect(after.events.map(\.kind) == [.started, .ended, .finished])
            #expect(after.events.dropFirst().map(\.detail) == ["lost", "crashed"])
            #expect(Set(after.events.map(\.process)) == [id])
            let waiting = Task {
                try await second.events(
                    from: .index(after.next), in: [Runtime.space], atMost: 1, isOnce: false)
            }
            let next = try await second.run(ContractModules.module(.lines(1, exit: 0)))
            let heard = try await waiting.value
            #expect(heard.events.map(\.process) == [next])
            #expect(heard.events.first?.index == after.next)
            let last = Task {
                try await second.events(from: .end, in: [.system], atMost: 1, isOnce: false)
            }
            await second.shutDown()
            await #expect(throws: HostError.self) { try await last.value }
        }
    }

    @Test("names of modules survive the runtime; bytes go with the last who has them")
    func moduleNames() async throws {
        try await RuntimeFixture.with { first, path in
            let bytes = ContractModules.module(.lines(1, exit: 7))
            let digest = try await first.upload(bytes)
            let name = try #require(ModuleName("app"))
            _ = try await first.nameModule(digest, name, in: Runtime.space, idempotency: nil)
            _ = try await first.wait(try await first.run(bytes))
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let rows = try await second.modules(in: [Runtime.space])
            #expect(rows.map(\.names) == [["app"]])
            #expect(rows.first?.addedAt ?? 0 > 0)
            let stored = copy + "/state/modules/" + digest.hex
            let manager = FileManager.default
            #expect(manager.fileExists(atPath: stored))
            let compiled = try manager.contentsOfDirectory(atPath: copy + "/state/compiled")
            #expect(!compiled.isEmpty)
            let gone = try await second.removeModule(
                .name("app.wasm"), in: Runtime.space, idempotency: nil)
            #expect(gone == ModuleRemoval(digest: digest, names: ["app"], isGone: true))
            #expect(!manager.fileExists(atPath: stored))
            #expect(try manager.contentsOfDirectory(atPath: copy + "/state/compiled").isEmpty)
            await second.shutDown()
            let later = try RestartTests.crashed(copy)
            defer { try? FileManager.default.removeItem(atPath: later) }
            let third = try RuntimeFixture.open(later)
            #expect(try await third.modules(in: nil).isEmpty)
            _ = try await third.wait(try await third.run(bytes))
            await third.shutDown()
        }
    }

    @Test("a pushed name hides a file of the modules folder, which is listed and cannot be removed")
    func folder() async throws {
        try await RuntimeFixture.with { runtime, path in
            let file = ContractModules.module(.lines(1, exit: 3))
            try Data(file).write(to: URL(filePath: path + "/modules/app.wasm"))
            let unused = try await runtime.modules(in: [Runtime.space])
            #expect(unused.map(\.names) == [["app.wasm"]])
            #expect(unused.first?.digest == nil)
            #expect(unused.first?.namespace == .system)
            let shared = try await runtime.inspectModule(
                .name("app"), in: Runtime.space, role: .user, observer: nil)
            #expect(shared.status.names == ["app.wasm"])
            let used = try await runtime.modules(in: [Runtime.space])
            #expect(used.first?.digest == shared.status.digest)
            await #expect(throws: HostError.self) {
                try await runtime.removeModule(.name("app"), in: Runtime.space, idempotency: nil)
            }
            let own = try await runtime.upload(ContractModules.module(.lines(1, exit: 4)))
            let name = try #require(ModuleName("app"))
            _ = try await runtime.nameModule(own, name, in: Runtime.space, idempotency: nil)
            #expect(try await runtime.module(.name("app.wasm"), in: Runtime.space)?.digest == own)
            _ = try await runtime.removeModule(.name("app"), in: Runtime.space, idempotency: nil)
            #expect(
                try await runtime.module(.name("app"), in: Runtime.space)?.digest
                    == shared.status.digest)
        }
    }

    @Test("a name of what is not there any more hides no file of the modules folder")
    func lostName() async throws {
        try await RuntimeFixture.with { first, path in
            let file = ContractModules.module(.lines(1, exit: 3))
            try Data(file).write(to: URL(filePath: path + "/modules/app.wasm"))
            let own = try await first.upload(ContractModules.module(.lines(1, exit: 4)))
            let name = try #require(ModuleName("app"))
            _ = try await first.nameModule(own, name, in: Runtime.space, idempotency: nil)
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let database = try DatabaseQueue(path: copy + "/state/state.sqlite")
            try await database.write { try $0.execute(sql: "DELETE FROM module") }
            try database.close()
            let second = try RuntimeFixture.open(copy)
            let found = try #require(try await second.module(.name("app"), in: Runtime.space))
            #expect(found.digest != own)
            #expect(found.size == UInt64(file.count))
            await second.shutDown()
        }
    }
}
