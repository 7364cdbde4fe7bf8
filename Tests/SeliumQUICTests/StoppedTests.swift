import SeliumNetCore
import SeliumQUIC
import SeliumTestSupport
import SeliumTesting
import Testing

/// A client's stream and the server's end of it, one byte read.
private struct Ends {
    let listener: QUICListener
    let client: QUICConnection
    let server: QUICConnection
    let near: QUICStream
    let far: QUICStream

    static func make() async throws -> Ends {
        let certificates = try LiveCertificates()
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted, logger: EchoServer.quiet)
        async let connecting = QUICConnection.connect(
            to: listener.localAddresses[0], serverName: "localhost",
            tls: certificates.clientContext(), authority: .unrestricted, logger: EchoServer.quiet)
        let accepted = await listener.connections.next()
        let server = try #require(accepted)
        let client = try await connecting
        let near = try await client.openStream()
        try await near.write([1])
        let opened = await server.inboundStreams.next()
        let far = try #require(opened)
        #expect(try await far.read(atMost: 1) == [1])
        return Ends(listener: listener, client: client, server: server, near: near, far: far)
    }

    /// What `stopped` tells on the server when `cause` happens while it waits.
    func stopped(_ cause: @Sendable (Ends) async throws -> Void) async throws -> QUICError {
        async let stop = far.stopped()
        try await cause(self)
        let error = await stop
        await listener.close()
        return error
    }
}

@Suite("Waiting until a stream is stopped", .inTurn(minutes: 1))
struct StoppedTests {
    @Test("STOP_SENDING is told with its code to whoever writes nothing")
    func stopSending() async throws {
        let error = try await Ends.make().stopped { $0.near.stopSending(code: 43) }
        #expect(error.code == .stopSending)
        #expect(error.peerCode == 43)
    }

    @Test("a reset of the other half is told with its code")
    func reset() async throws {
        let error = try await Ends.make().stopped { $0.near.reset(code: 44) }
        #expect(error.code == .streamReset)
        #expect(error.peerCode == 44)
    }

    @Test("the end of the connection is told, and its kind")
    func connectionEnds() async throws {
        let error = try await Ends.make().stopped { $0.client.close(code: 7) }
        #expect(error.code == .peerClosed)
        #expect(error.peerCode == 7)
    }

    @Test("our own finish ends the wait, and so does our own reset")
    func ownEnd() async throws {
        let finished = try await Ends.make().stopped { $0.far.finish() }
        #expect(finished.code == .streamClosed)
        let reset = try await Ends.make().stopped { $0.far.reset(code: 1) }
        #expect(reset.code == .streamClosed)
    }

    @Test("what happened before the wait is told at once, on the loop and beside it")
    func before() async throws {
        let ends = try await Ends.make()
        ends.near.stopSending(code: 45)
        let writing = await #expect(throws: QUICError.self) {
            while true { try await ends.far.write([UInt8](repeating: 0, count: 64 << 10)) }
        }
        #expect(writing?.code == .stopSending)
        #expect(await ends.far.stopped().peerCode == 45)
        let far = ends.far
        let onLoop = await Task(executorPreference: ends.server.taskExecutor) {
            await far.stopped()
        }.value
        #expect(onLoop.peerCode == 45)
        await ends.listener.close()
    }

    @Test("FIN ends nothing, cancelling does, and the stream goes on")
    func cancelled() async throws {
        let ends = try await Ends.make()
        ends.near.finish()
        #expect(try await ends.far.read(atMost: 1) == nil)
        let far = ends.far
        let waiting = Task { await far.stopped() }
        let second = Task { await far.stopped() }
        waiting.cancel()
        second.cancel()
        for error in [await waiting.value, await second.value] {
            #expect(error.code == .cancelled || error.code == .internalError)
        }
        // Nothing is left of them: the next one may wait.
        async let third = far.stopped()
        try await far.write([9])
        #expect(try await ends.near.read(atMost: 1) == [9])
        ends.near.stopSending(code: 3)
        #expect(await third.peerCode == 3)
        await ends.listener.close()
    }

    @Test("a wait that was cancelled keeps nothing: the stream is given up with its last reference")
    func noLeak() async throws {
        let ends = try await Ends.make()
        do {
            let opened = try await ends.client.openStream()
            try await opened.write([2])
            let waiting = Task { await opened.stopped() }
            waiting.cancel()
            #expect(await waiting.value.code == .cancelled)
        }
        let inbound = await ends.server.inboundStreams.next()
        let far = try #require(inbound)
        let error = await #expect(throws: QUICError.self) {
            while try await far.read(atMost: 1) != nil {}
        }
        #expect(error?.code == .streamReset)
        #expect(error?.peerCode == 1)
        await ends.listener.close()
    }
}
