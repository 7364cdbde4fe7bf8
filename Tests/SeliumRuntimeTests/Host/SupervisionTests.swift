import Foundation
import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("Incarnations, and the runtimes they outlive", .inTurn(minutes: 5))
struct RuntimeSupervisionTests {
    /// Prints its arguments and its environment as the WASI gives them, then exits with 3.
    static let showsItself = """
        (module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_sizes_get"
            (func $argsSizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_sizes_get"
            (func $environSizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_get"
            (func $environ (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (data (i32.const 32) "\\n")
          (func (export "_start")
            (drop (call $argsSizes (i32.const 0) (i32.const 12)))
            (drop (call $args (i32.const 1024) (i32.const 4096)))
            (drop (call $environSizes (i32.const 0) (i32.const 20)))
            (drop (call $environ (i32.const 2048) (i32.const 8192)))
            (i32.store (i32.const 8) (i32.const 4096))
            (i32.store (i32.const 16) (i32.const 8192))
            (i32.store (i32.const 24) (i32.const 32))
            (i32.store (i32.const 28) (i32.const 1))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 3) (i32.const 40)))
            (call $exit (i32.const 3))))
        """

    private static func policy(
        _ mode: RestartMode, _ minimum: UInt64 = 10_000_000, _ maximum: UInt64 = 10_000_000
    ) throws -> RestartPolicy {
        var wish = RestartWish()
        wish.mode = mode
        wish.backOff = try BackOff(minimum: minimum, maximum: maximum)
        return try RestartPolicy(wish)
    }

    private static let hour: UInt64 = 3_600_000_000_000

    /// Waits until a log has the record that begins or ends this incarnation.
    private func hears(
        _ runtime: Runtime, _ id: ProcessID, _ matches: (SystemRecord) -> Bool
    ) async throws {
        var position: UInt64 = 1
        while true {
            let batch = try await runtime.readLog(id, from: position, atMost: 1 << 16)
            for case .chunk(let chunk) in batch.items {
                if case .system(let record) = chunk.content, matches(record) { return }
            }
            position = batch.next
            if batch.isEnd { throw HostError(.notFound, "the log ended without it") }
        }
    }

    @Test(
        "every incarnation gets the same arguments and environment, and the second its own number")
    func sameAgain() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.wasm(Self.showsItself)) {
                $0.policy = (try? Self.policy(.onFailure(most: 2))) ?? .standard
                $0.argv = ["-v"]
                $0.environment = [EnvironmentVariable(name: "TOKEN", value: "s3cret")]
            }
            let record = try await runtime.wait(id)
            #expect(record.outcome == .exit(code: 3))
            #expect(record.incarnation == 3)
            let line = "app.wasm\0-v\0TOKEN=s3cret\0\n"
            #expect(try await runtime.output(id) == line + line + line)
            #expect(try await runtime.status(id)?.state == .crashed)
        }
    }

    @Test("after a kill -9 what is restartable runs again under its id, the rest is lost")
    func crash() async throws {
        try await RuntimeFixture.with { first, path in
            let restartable = try await first.run(ContractModules.wasm(Self.showsItself)) {
                $0.name = ProcessName("web")
                $0.policy =
                    (try? Self.policy(.always(most: nil), Self.hour, Self.hour)) ?? .standard
                $0.environment = [EnvironmentVariable(name: "TOKEN", value: "s3cret")]
            }
            let running = try await first.run(ContractModules.module(.endless)) {
                $0.policy = (try? Self.policy(.onFailure(most: nil))) ?? .standard
            }
            let plain = try await first.run(ContractModules.module(.endless))
            try await hears(first, restartable) { if case .ended = $0 { true } else { false } }
            await first.logStore?.settle()
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            // Before anything is loaded every id has a state, and the names are taken.
            #expect(try await second.status(restartable)?.state == .backingOff)
            #expect(try await second.status(running)?.state.hasEnded == false)
            #expect(try await second.status(plain)?.state == .crashed)
            #expect(try await second.wait(plain).outcome == .lost)
            await second.resumeProcesses()
            try await hears(second, running) { $0 == .began(incarnation: 2) }
            let again = try #require(try await second.status(running))
            #expect(again.incarnation == 2)
            #expect(again.exit?.outcome == .lost)
            #expect(again.restarts == 0, "nobody's failure")
            // The one that waited still does, and knows what it was started with.
            #expect(try await second.restart(restartable, idempotency: nil) == 2)
            try await hears(second, restartable) { record in
                if case .ended(let end) = record { end.incarnation == 2 } else { false }
            }
            _ = try await second.stop(restartable, idempotency: nil)
            let shown = "app.wasm\0TOKEN=s3cret\0\n"
            #expect(try await second.output(restartable) == shown + shown, "of both incarnations")
            let chunks = try await second.chunks(restartable)
            #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.last + 1 == $1.first })
            let stopped = try await second.kill(running, idempotency: nil)
            guard case .stopped(let record) = stopped else {
                Issue.record("it had ended")
                return
            }
            #expect(record.outcome == .killed(.kill))
            #expect(record.incarnation == 2)
            await second.shutDown()
        }
    }

    @Test("before its module is loaded again a process can be stopped, and restarted")
    func notLoaded() async throws {
        try await RuntimeFixture.with { first, path in
            let running = try await first.run(ContractModules.module(.endless)) {
                $0.policy = (try? Self.policy(.always(most: nil))) ?? .standard
            }
            let waiting = try await first.run(ContractModules.module(.lines(1, exit: 7))) {
                $0.policy =
                    (try? Self.policy(.always(most: nil), Self.hour, Self.hour)) ?? .standard
            }
            try await hears(first, waiting) { if case .ended = $0 { true } else { false } }
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let stop = try await second.stop(running, idempotency: nil)
            #expect(stop.record.stopRequested)
            #expect(try await second.status(running)?.state == .exited)
            let restart = Task { try await second.restart(waiting, idempotency: nil) }
            while try await second.status(waiting)?.state == .backingOff { await Task.yield() }
            await second.resumeProcesses()
            #expect(try await restart.value == 2)
            try await hears(second, waiting) { record in
                if case .ended(let end) = record {
                    end.outcome == .exit(code: 7) && end.incarnation == 2
                } else {
                    false
                }
            }
            _ = try await second.kill(waiting, idempotency: nil)
            await second.shutDown()
        }
    }

    @Test("a process that somebody stopped does not come back after a kill -9")
    func stopped() async throws {
        try await RuntimeFixture.with { first, path in
            let id = try await first.run(ContractModules.module(.endless)) {
                $0.policy = (try? Self.policy(.always(most: nil))) ?? .standard
            }
            let stop = try await first.stop(id, idempotency: nil)
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            await second.resumeProcesses()
            #expect(try await second.stop(id, idempotency: nil) == .alreadyEnded(stop.record))
            await second.shutDown()
        }
    }

    @Test("crash after crash: no incarnation's number and no sequence comes twice")
    func twice() async throws {
        var path = try RuntimeFixture.directory()
        var id: ProcessID?
        var last: UInt64 = 0
        for round in 1...4 {
            let runtime = try RuntimeFixture.open(path)
            if id == nil {
                id = try await runtime.run(ContractModules.module(.endless)) {
                    $0.policy = (try? Self.policy(.onFailure(most: nil))) ?? .standard
                }
            }
            await runtime.resumeProcesses()
            let known = try #require(id)
            try await hears(runtime, known) { $0 == .began(incarnation: UInt32(round)) }
            let items = try await runtime.readLog(known, from: last + 1, atMost: 1 << 16).items
            let first = items.first.map { item -> UInt64 in
                switch item {
                case .gap(let gap): gap.from
                case .chunk(let chunk): chunk.first
                }
            }
            #expect(first == last + 1)
            last = try await runtime.logPosition(known, tail: 0, streams: [.stdout]) - 1
            let copy = try RestartTests.crashed(path)
            await runtime.shutDown()
            path = copy
        }
        try? FileManager.default.removeItem(atPath: path)
    }

    @Test("a runtime that is shut down in order hands its restartable processes to the next")
    func drain() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try RuntimeFixture.open(path)
        let running = try await first.run(ContractModules.module(.endless)) {
            $0.policy = (try? Self.policy(.onFailure(most: nil))) ?? .standard
        }
        let waiting = try await first.run(ContractModules.module(.trap)) {
            $0.policy = (try? Self.policy(.onFailure(most: 4), Self.hour, Self.hour)) ?? .standard
        }
        try await hears(first, waiting) { if case .ended = $0 { true } else { false } }
        let waiter = Task { await refusal { try await first.wait(running) } }
        await first.shutDown()
        #expect(await waiter.value?.code == .unavailable)
        // The runtime that is gone still has its directory open; the next one takes the files.
        let next = try RestartTests.crashed(path)
        let second = try RuntimeFixture.open(next)
        await second.resumeProcesses()
        try await hears(second, running) { $0 == .began(incarnation: 2) }
        let status = try #require(try await second.status(running))
        #expect(status.exit?.outcome == .killed(.runtimeShutdown))
        let backOff = try #require(try await second.status(waiting))
        #expect(backOff.state == .backingOff)
        #expect(backOff.backOff?.attempt == 1)
        #expect(backOff.backOff?.of == 4)
        #expect(backOff.restarts == 1)
        await second.shutDown()
        // And once more, without anything having been resumed.
        let further = try RestartTests.crashed(next)
        let third = try RuntimeFixture.open(further)
        await third.shutDown()
        let fourth = try RuntimeFixture.open(try RestartTests.crashed(further))
        await fourth.resumeProcesses()
        try await hears(fourth, running) { $0 == .began(incarnation: 3) }
        await fourth.shutDown()
    }

    @Test("a module that is gone when its process wants to begin again is a failed start")
    func moduleGone() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = path + "/modules/web.wasm"
        try Data(ContractModules.module(.endless)).write(to: URL(fileURLWithPath: file))
        let first = try RuntimeFixture.open(path)
        var spec = StartSpec(
            namespace: Runtime.space, creator: Runtime.alice, role: .user, module: .name("web"),
            moduleName: "web")
        spec.policy = try Self.policy(.onFailure(most: 1))
        let id = try #require(try await first.start(spec, idempotency: nil).id)
        await first.shutDown()
        let next = try RestartTests.crashed(path)
        try Data(ContractModules.module(.trap)).write(
            to: URL(fileURLWithPath: next + "/modules/web.wasm"))
        let second = try RuntimeFixture.open(next)
        await second.resumeProcesses()
        let record = try await second.wait(id)
        guard case .startFailed(let message) = record.outcome else {
            Issue.record("\(record.outcome)")
            return
        }
        #expect(message == "the module is another one than it was started from")
        #expect(record.incarnation == 3)
        #expect(try await second.status(id)?.state == .crashed)
        await second.shutDown()
    }

    @Test("values of a process without a restart policy are not on disk, the others' go with it")
    func secrets() async throws {
        try await RuntimeFixture.with { runtime, path in
            let secret = EnvironmentVariable(name: "A", value: "hunter2-hunter2")
            _ = try await runtime.run(ContractModules.module(.endless)) {
                $0.environment = [secret]
            }
            func isStored() throws -> Bool {
                let copy = try RestartTests.crashed(path)
                defer { try? FileManager.default.removeItem(atPath: copy) }
                for name in ["state.sqlite", "state.sqlite-wal"] {
                    let file = copy + "/state/" + name
                    if let bytes = FileManager.default.contents(atPath: file),
                        bytes.range(of: Data(secret.value.utf8)) != nil
                    {
                        return true
                    }
                }
                return false
            }
            #expect(try !isStored())
            _ = try await runtime.run(ContractModules.module(.endless)) {
                $0.environment = [secret]
                $0.policy = (try? Self.policy(.always(most: nil))) ?? .standard
            }
            #expect(try isStored())
            for name in ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"] {
                let attributes = try FileManager.default.attributesOfItem(
                    atPath: path + "/state/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test("--rm: who waited hears of the end, then it is forgotten, here and on disk")
    func removedAtEnd() async throws {
        try await RuntimeFixture.with { runtime, path in
            let id = try await runtime.run(ContractModules.module(.endless)) {
                $0.isRemovedAtEnd = true
            }
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            #expect(try await second.wait(id).outcome == .lost, "who waited finds the next runtime")
            await second.shutDown()
            // A stop waits from before the end.
            let stop = try await runtime.stop(id, idempotency: nil)
            #expect(stop.record.outcome == .killed(.noStopHandler))
            while try await runtime.status(id) != nil { await Task.yield() }
        }
    }
}

extension StopOutcome {
    var record: ExitRecord {
        switch self {
        case .stopped(let record), .alreadyEnded(let record): record
        }
    }
}
