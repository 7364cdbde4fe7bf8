import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumClient

@Suite("Lost connections", .inTurn(minutes: 2))
struct ResumeTests {
    @Test(
        "A log goes on where it was: nothing twice, nothing missing",
        arguments: [700, 5_000, 40_000])
    func log(_ budget: Int) async throws {
        try await withServer { fixture in
            fixture.host.addModule("m", Script.module("lines 9000", "exit 5"))
            let configuration = try fixture.configuration()
            let dialer = CuttingDialer(configuration, after: budget, cuts: 6)
            try await SeliumClient.withDialer(dialer, configuration) { client in
                try await client.withStarted(.name("m"), StartOptions()) { attachment in
                    var bytes: [UInt8] = []
                    var next: UInt64 = 0
                    for try await item in attachment {
                        switch item {
                        case .chunk(let chunk):
                            #expect(next == 0 || chunk.first == next)
                            next = chunk.first + UInt64(chunk.count)
                            bytes += chunk.bytes
                        case .system(let record): next = record.sequence + 1
                        case .gap: Issue.record("a gap")
                        }
                    }
                    let expected = (1...9000).map { "line \($0)\n" }.joined()
                    #expect(String(decoding: bytes, as: UTF8.self) == expected)
                    #expect(await attachment.exit?.outcome == .exited(5))
                }
                // One process: a start that was repeated happened once.
                #expect(try await client.processes(includingEnded: true).count == 1)
            }
            #expect(dialer.connections.load(ordering: .relaxed) > 1)
        }
    }

    @Test(
        "A start that loses its connection is repeated, and happens once",
        arguments: [60, 120, 200])
    func start(_ budget: Int) async throws {
        try await withServer { fixture in
            let module = Script.module("print x", "exit 0")
            let configuration = try fixture.configuration()
            let dialer = CuttingDialer(configuration, after: budget, cuts: 3)
            try await SeliumClient.withDialer(dialer, configuration) { client in
                let job = try await client.start(.bytes(module, name: "m"))
                #expect(try await job.exit.outcome == .exited(0))
                #expect(try await client.processes(includingEnded: true).count == 1)
            }
        }
    }

    @Test("Long-lived requests get a second connection; short ones find a slot on the first")
    func secondConnection() async throws {
        try await withServer { fixture in
            fixture.host.addModule("waits", Script.module("wait", "exit 0"))
            let configuration = try fixture.configuration()
            let dialer = CuttingDialer(configuration, after: 0, cuts: 0)
            try await SeliumClient.withDialer(dialer, configuration) { client in
                let job = try await client.start(.name("waits"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<70 { group.addTask { _ = try await job.exit } }
                    while dialer.connections.load(ordering: .relaxed) < 2 { await Task.yield() }
                    for _ in 0..<20 { #expect(try await client.processes().count == 1) }
                    try await job.stop()
                    try await group.waitForAll()
                }
            }
            #expect(dialer.connections.load(ordering: .relaxed) == 2)
        }
    }

    @Test("A pause doubles up to its limit and is drawn below it")
    func pauses() {
        let reconnection = SeliumClient.Reconnection(
            initialPause: .milliseconds(100), maximumPause: .seconds(5))
        #expect(reconnection.pause(attempt: 0, random: 0.5) == .milliseconds(50))
        #expect(reconnection.pause(attempt: 3, random: 1) == .milliseconds(800))
        #expect(reconnection.pause(attempt: 1000, random: 1) == .seconds(5))
    }

    @Test("A server that says nothing is given up at the deadline")
    func silence() async throws {
        let configuration = SeliumClient.Configuration(timeout: .milliseconds(50))
        do {
            _ = try await SeliumClient.withDialer(SilentDialer(), configuration) {
                try await $0.info()
            }
            Issue.record("an answer")
        } catch let error as ClientError {
            #expect(error.code == .deadlineExceeded)
            #expect(error.isRetryable)
        }
    }
}

/// A server that takes everything and says nothing.
private struct SilentDialer: Dialer {
    func connect() async throws(ClientError) -> any ControlConnection { SilentConnection() }
}

private final class SilentConnection: ControlConnection {
    var executor: (any TaskExecutor)? { nil }
    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream {
        SilentStream()
    }
    func close() async {}
}

private final class SilentStream: ControlStream {
    private let (ends, end) = AsyncStream.makeStream(of: Void.self)

    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(TransportError) {}
    nonisolated(nonsending) func read() async throws(TransportError) -> [UInt8]? {
        for await _ in ends {}
        throw TransportError(kind: .cancelled, message: "")
    }
    func finish() {}
    func abandon(_ code: ResetCode) { end.finish() }
}
