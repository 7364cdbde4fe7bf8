import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumQUIC
import SeliumTestSupport
import SeliumTesting
import Testing

/// A way to a server that can be closed and opened again, while the server stays.
final class Relay: Sendable {
    /// Hands datagrams on to another channel.
    private final class Forward: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        /// Where to; confined to the loop.
        var target: (any Channel, NIOCore.SocketAddress)?
        /// Whom answers go to; the other direction's.
        let back: Forward?

        init(back: Forward?) {
            self.back = back
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = Self.unwrapInboundIn(data)
            back?.target = (context.channel, envelope.remoteAddress)
            guard let (channel, address) = target else { return }
            let copy = AddressedEnvelope(remoteAddress: address, data: envelope.data)
            channel.writeAndFlush(copy, promise: nil)
        }
    }

    private static let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let server: NIOCore.SocketAddress
    private let answers = Forward(back: nil)
    private let upstream: any Channel

    init(to server: SocketAddress) async throws {
        self.server = try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: Int(server.port))
        let answers = self.answers
        upstream = try await DatagramBootstrap(group: Self.loop)
            .channelInitializer { $0.pipeline.addHandler(answers) }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Listens on `port`, or on any.
    func open(port: Int = 0) -> EventLoopFuture<any Channel> {
        let requests = Forward(back: answers)
        requests.target = (upstream, server)
        return DatagramBootstrap(group: Self.loop)
            .channelInitializer { $0.pipeline.addHandler(requests) }
            .bind(host: "127.0.0.1", port: port)
    }

    /// Listens on `port` again, after so long.
    func open(port: Int, after time: TimeAmount) async throws -> any Channel {
        try await Self.loop.flatScheduleTask(in: time) { self.open(port: port) }
            .futureResult.get()
    }

    func close(_ front: any Channel) async throws {
        try await front.close()
        try await upstream.close()
    }
}

@Suite("Outages", .inTurn(minutes: 2))
struct OutageTests {
    @Test("\"nobody listens\" does not end an established connection")
    func refusedLater() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let relay = try await Relay(to: server.address)
            let front = try await relay.open().get()
            let port = UInt16(front.localAddress?.port ?? 0)
            let connection = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                tls: certificates.clientContext(), authority: .unrestricted,
                logger: EchoServer.quiet)
            #expect(try await exchange(connection, [1]) == [1])
            try await front.close()
            async let next = relay.open(port: Int(port), after: .milliseconds(300))
            var random = SeededRandom(seed: 4)
            let bytes = random.bytes(100_000)
            // They begin while nobody listens: several datagrams are refused.
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<4 { group.addTask { try await exchange(connection, bytes) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: bytes, count: 4))
            connection.close()
            try await relay.close(next)
        }
    }

    @Test("a server that is gone for good ends the connection soon, not with the idle timeout")
    func gone() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let relay = try await Relay(to: server.address)
            let front = try await relay.open().get()
            let port = UInt16(front.localAddress?.port ?? 0)
            let connection = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                tls: certificates.clientContext(), authority: .unrestricted,
                logger: EchoServer.quiet)
            #expect(try await exchange(connection, [1]) == [1])
            try await relay.close(front)
            let clock = ContinuousClock()
            let began = clock.now
            let error = await #expect(throws: QUICError.self) {
                _ = try await exchange(connection, [2])
            }
            #expect(error?.code == .peerGone)
            #expect(await connection.ended() == .peerGone)
            #expect(clock.now - began < .seconds(25))
        }
    }

    @Test(
        "a listener with the reset key of the one before ends its clients' connections at once",
        arguments: [true, false])
    func restarted(withSameKey: Bool) async throws {
        let certificates = try LiveCertificates()
        let keys = (0..<2).map { number in
            [UInt8](repeating: withSameKey ? 1 : UInt8(number), count: 32)
        }
        let listeners = try await [
            Self.listen(certificates, keys[0]), Self.listen(certificates, keys[1]),
        ]
        let before = try await Relay(to: listeners[0].localAddresses[0])
        let after = try await Relay(to: listeners[1].localAddresses[0])
        let front = try await before.open().get()
        let port = front.localAddress?.port ?? 0
        var configuration = QUICConfiguration.client
        if !withSameKey { configuration.idleTimeout = .seconds(2) }
        let connection = try await QUICConnection.connect(
            to: SocketAddress(IPv4Address.loopback, port: UInt16(port)), serverName: "localhost",
            tls: certificates.clientContext(), authority: .unrestricted,
            configuration: configuration, logger: EchoServer.quiet)
        try await connection.waitUntilConfirmed()
        // The first one says nothing any more: as if its process had been killed.
        try await before.close(front)
        let next = try await after.open(port: port).get()
        let error = await #expect(throws: QUICError.self) {
            _ = try await exchange(connection, [1])
        }
        // A reset of another key is noise.
        #expect((error?.code == .statelessReset) == withSameKey)
        #expect(withSameKey || error?.code == .idle || error?.code == .peerGone)
        try await after.close(next)
        for listener in listeners { await listener.close() }
    }

    private static func listen(
        _ certificates: LiveCertificates, _ key: [UInt8]
    ) async throws -> QUICListener {
        try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted, resetKey: key, logger: EchoServer.quiet)
    }

    @Test("a reset key of another length is refused", arguments: [0, 16, 31, 33])
    func wrongKey(length: Int) async throws {
        let certificates = try LiveCertificates()
        let key = [UInt8](repeating: 1, count: length)
        let error = await #expect(throws: QUICError.self) {
            _ = try await Self.listen(certificates, key)
        }
        #expect(error?.code == .invalidKey)
    }
}
