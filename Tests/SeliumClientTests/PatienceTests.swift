import Dispatch
import SeliumNetCore
import SeliumProtocol
import SeliumQUIC
import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumClient

@Suite("How long a client waits", .inTurn(minutes: 2))
struct PatienceTests {
    private func error(_ body: () async throws -> Void) async -> ClientError? {
        do { try await body() } catch { return error as? ClientError }
        return nil
    }

    @Test("A server that allows no request is silent for as long as the timeout says")
    func noStream() async throws {
        let certificates = try LiveCertificates()
        var quic = QUICConfiguration.server
        quic.maximumRemoteStreams = 0
        let listener = try await QUICListener.bind(
            [SocketAddress(.v4(.loopback), port: 0)],
            tls: certificates.serverContext(protocols: [ControlProtocol.alpn]),
            authority: .unrestricted, configuration: quic, logger: ClientFixture.quiet)
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates,
            port: try #require(listener.localAddresses.first?.port))
        try await fixture.withClient { client in
            // Connected without haste: it is the stream that is not to be had.
            _ = try await client.context.lease(isLongLived: false)
            let impatient = client.timeout(.milliseconds(200))
            let found = await error { _ = try await impatient.info() }
            #expect(found?.code == .deadlineExceeded, "\(String(describing: found))")
            #expect(found?.isRetryable == true)
            #expect(found?.message == "the server allowed no further request for 0.2 s")
            let start = await error { _ = try await impatient.start(.name("m")) }
            #expect(start?.code == .deadlineExceeded, "\(String(describing: start))")
            let log = await error {
                for try await _ in SeliumClient.Process(impatient, id: 1, name: "").log() {}
            }
            #expect(log?.code == .deadlineExceeded, "\(String(describing: log))")
        }
        await listener.close()
    }

    @Test("While the client itself stood still nobody was silent")
    func standstill() {
        #expect(DeadlineWatch.lost(in: .milliseconds(100)) == .zero)
        #expect(DeadlineWatch.lost(in: .seconds(1)) == .zero)
        let now = ContinuousClock.now
        let entry = DeadlineWatch().add(now + .seconds(10)) {}
        entry.forgive(DeadlineWatch.lost(in: .seconds(20)))
        entry.check(now + .seconds(20))
        #expect(!entry.hasStruck)
        entry.check(now + .seconds(30))
        #expect(entry.hasStruck)
        // Nobody waits for this one any more: nothing to move.
        entry.forgive(.seconds(1))
        entry.check(now + .seconds(100))
    }

    @Test("All streams are held by others: the next request ends by its deadline, theirs go on")
    func allStreamsHeld() async throws {
        let dialer = FullDialer(streams: 3)
        let configuration = SeliumClient.Configuration(timeout: .milliseconds(200))
        try await SeliumClient.withDialer(dialer, configuration) { client in
            let patient = client.timeout(.seconds(100))
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { _ = try await patient.info() } }
                await dialer.connection.waitUntilFull()
                let found = await error { _ = try await client.info() }
                #expect(found?.code == .deadlineExceeded)
                // Nothing of it is left: neither the three nor the connection were harmed.
                #expect(dialer.connection.opened == 3)
                #expect(!dialer.connection.isClosed)
                group.cancelAll()
                while let ended = await group.nextResult() {
                    guard case .failure(let error as ClientError) = ended else { continue }
                    #expect(error.code == .cancelled)
                }
            }
        }
    }

    @Test("A task that is cancelled waits for no stream")
    func cancelledWhileOpening() async throws {
        let dialer = FullDialer(streams: 0)
        let configuration = SeliumClient.Configuration(timeout: .seconds(100))
        try await SeliumClient.withDialer(dialer, configuration) { client in
            let request = Task { await error { _ = try await client.info() } }
            await dialer.connection.waitUntilFull()
            request.cancel()
            #expect(await request.value?.code == .cancelled)
        }
    }

    @Test("A request waits for a lost connection to come back no longer than its timeout")
    func serverGone() async throws {
        let dialer = LosingDialer { _ throws(ClientError) in
            throw ClientError(.nothingListening(host: "h", port: 1, tried: ["::1"]))
        }
        let configuration = SeliumClient.Configuration(
            timeout: .milliseconds(200),
            reconnection: .init(maximumPause: .milliseconds(50), giveUpAfter: .seconds(3600)))
        try await SeliumClient.withDialer(dialer, configuration) { client in
            // What the last attempt said is worth more than that time has passed.
            let found = await error { _ = try await client.info() }
            #expect(
                found?.connectionFailure
                    == .nothingListening(host: "h", port: 1, tried: ["::1"]), "\(found as Any)")
            let start = await error { _ = try await client.start(.name("m")) }
            #expect(start?.code == .connectionFailed, "\(start as Any)")
        }
    }

    @Test("Nor for one attempt that takes longer than that")
    func silentServer() async throws {
        let dialer = LosingDialer { _ throws(ClientError) in
            _ = await cancellation()
            throw .cancelled
        }
        let configuration = SeliumClient.Configuration(
            timeout: .seconds(3600), reconnection: .init(giveUpAfter: .seconds(3600)))
        try await SeliumClient.withDialer(dialer, configuration) { client in
            let found = await error { _ = try await client.timeout(.milliseconds(200)).info() }
            #expect(found?.code == .deadlineExceeded, "\(found as Any)")
            #expect(found?.message == "no connection to the server in 0.2 s")
            #expect(found?.isRetryable == true)
        }
    }

    @Test("What follows a process has as long as a lost connection is given")
    func followerWaits() async throws {
        let dialer = LosingDialer { attempt throws(ClientError) in
            // Bounded by the timeout the first attempt would be the last.
            guard attempt == 1 else { throw ClientError(.refusedByServer(name: "second")) }
            do { try await Task.sleep(for: .milliseconds(500)) } catch { throw .cancelled }
            throw ClientError(.nothingListening(host: "h", port: 1, tried: []))
        }
        let configuration = SeliumClient.Configuration(
            timeout: .milliseconds(100),
            reconnection: .init(maximumPause: .milliseconds(1), giveUpAfter: .seconds(3600)))
        try await SeliumClient.withDialer(dialer, configuration) { client in
            let found = await error { _ = try await client.wait(for: 1) }
            #expect(
                found?.connectionFailure == .refusedByServer(name: "second"), "\(found as Any)")
        }
    }

    @Test("A lookup that hangs is given up at the timeout, and blocks nobody else")
    func hangingLookup() async throws {
        let hold = DispatchSemaphore(value: 0)
        defer { for _ in 0..<8 { hold.signal() } }
        let certificates = try LiveCertificates()
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: 7000)
        var configuration = try fixture.configuration()
        configuration.host = "slow.example"
        configuration.timeout = .milliseconds(200)
        let dialer = QUICDialer(
            configuration: configuration, unixTime: WallClock.seconds,
            lookup: { _ in
                hold.wait()
                return []
            })
        // More of them than there are threads that run everything.
        let found = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await error { _ = try await dialer.connect() }?.connectionFailure
                }
            }
            return await group.reduce(into: [ConnectionFailure?]()) { $0.append($1) }
        }
        let expected = ConnectionFailure.unknownHost(
            host: "slow.example", reason: "the system has not answered in 0.2 s")
        #expect(found == Array(repeating: expected, count: 8))
    }

    @Test("16 silent addresses take one patience, not 16")
    func silentAddresses() async throws {
        let first = try SilentSocket(last: 1)
        let others = try (2...16).map { try SilentSocket(last: $0, port: first.port) }
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: try LiveCertificates(), port: first.port)
        var configuration = try fixture.configuration()
        configuration.host = "silent.example"
        configuration.timeout = .seconds(1)
        let dialer = QUICDialer(
            configuration: configuration, unixTime: WallClock.seconds,
            lookup: { _ in (1...16).map { IPAddress.v4(IPv4Address(127, 0, 0, $0)) } })
        let begin = ContinuousClock.now
        let found = await error { _ = try await dialer.connect() }
        let elapsed = ContinuousClock.now - begin
        #expect(
            found?.connectionFailure
                == .noAnswer(host: "silent.example", port: first.port, seconds: 1))
        #expect(elapsed < .seconds(8), "\(elapsed)")
        withExtendedLifetime((first, others)) {}
    }

    @Test("An address that answers is found behind one that is silent")
    func secondAddress() async throws {
        try await withServer { fixture in
            let silent = try SilentSocket(last: 9, port: fixture.port)
            var configuration = try fixture.configuration()
            configuration.host = "two.example"
            configuration.serverName = "127.0.0.1"
            let dialer = QUICDialer(
                configuration: configuration, unixTime: WallClock.seconds,
                lookup: { _ in
                    [.v4(IPv4Address(127, 0, 0, 9)), .v4(.loopback)]
                })
            try await SeliumClient.withDialer(dialer, configuration) { client in
                let info = try await client.info()
                #expect(info.identity == "operator")
            }
            withExtendedLifetime(silent) {}
        }
    }
}

/// One connection that grants so many streams and answers nothing.
private final class FullDialer: Dialer {
    let connection: FullConnection

    init(streams: Int) { connection = FullConnection(streams) }

    func connect() async throws(ClientError) -> any ControlConnection { connection }
}

private final class FullConnection: ControlConnection {
    private struct State {
        var left: Int
        var opened = 0
        var isClosed = false
    }

    private let state: Mutex<State>
    private let full: AsyncStream<Void>
    private let fill: AsyncStream<Void>.Continuation

    init(_ streams: Int) {
        state = Mutex(State(left: streams))
        (full, fill) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        if streams == 0 { fill.yield() }
    }

    var executor: (any TaskExecutor)? { nil }
    var opened: Int { state.withLock { $0.opened } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func waitUntilFull() async { for await _ in full { break } }

    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream {
        let isGranted = state.withLock { state in
            guard state.left > 0 else { return false }
            state.left -= 1
            state.opened += 1
            return true
        }
        guard isGranted else { throw await cancellation() }
        if state.withLock({ $0.left == 0 }) { fill.yield() }
        return MuteStream()
    }

    func close() async { state.withLock { $0.isClosed = true } }
}

/// Connects once, and loses that connection at the first request; then it does as it is told, with the
/// number of the attempt.
private final class LosingDialer: Dialer {
    private let attempts = Atomic<Int>(0)
    private let again: @Sendable (Int) async throws(ClientError) -> Void

    init(again: @escaping @Sendable (Int) async throws(ClientError) -> Void) { self.again = again }

    func connect() async throws(ClientError) -> any ControlConnection {
        let attempt = attempts.add(1, ordering: .relaxed).oldValue
        if attempt > 0 { try await again(attempt) }
        return LostConnection()
    }
}

private final class LostConnection: ControlConnection {
    var executor: (any TaskExecutor)? { nil }

    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream {
        throw TransportError(kind: .connectionLost, message: "lost")
    }

    func close() async {}
}

/// Takes everything and says nothing.
private final class MuteStream: ControlStream {
    private let (end, ending) = AsyncStream.makeStream(of: Void.self)

    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(TransportError) {}

    nonisolated(nonsending) func read() async throws(TransportError) -> [UInt8]? {
        for await _ in end {}
        throw TransportError(kind: .cancelled, message: "cancelled")
    }

    func finish() {}
    func abandon(_ code: ResetCode) { ending.finish() }
}

/// Waits until the task is cancelled.
private func cancellation() async -> TransportError {
    let (never, _) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
    return TransportError(kind: .cancelled, message: "cancelled")
}
