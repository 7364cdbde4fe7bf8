import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

/// A way to a server on which nothing of the client passes any more once the server has spoken: the
/// client has keys then, and the server never hears its last flight.
private final class Muffler: Sendable {
    private final class Forward: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        /// Confined to the loop, as all of it.
        var target: (any Channel, NIOCore.SocketAddress)?
        var isClosed = false
        var onRead: ((ChannelHandlerContext, NIOCore.SocketAddress) -> Void)?

        init(onRead: @escaping (ChannelHandlerContext, NIOCore.SocketAddress) -> Void) {
            self.onRead = onRead
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = Self.unwrapInboundIn(data)
            onRead?(context, envelope.remoteAddress)
            guard !isClosed, let (channel, address) = target else { return }
            let copy = AddressedEnvelope(remoteAddress: address, data: envelope.data)
            channel.writeAndFlush(copy, promise: nil)
        }

        /// The two know each other, and each other's channels: not longer than these are open.
        func handlerRemoved(context: ChannelHandlerContext) {
            target = nil
            onRead = nil
        }
    }

    private static let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let front: any Channel
    private let upstream: any Channel

    init(to server: SocketAddress) async throws {
        let address = try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: Int(server.port))
        (front, upstream) = try await Self.loop.flatSubmit {
            let (answers, requests) = Self.handlers()
            return Self.bind(requests).and(Self.bind(answers)).map { front, upstream in
                requests.target = (upstream, address)
                return (front, upstream)
            }
        }.get()
    }

    private static func handlers() -> (answers: Forward, requests: Forward) {
        let box = Box<Forward?>(nil)
        let answers = Forward { _, _ in box.value?.isClosed = true }
        let requests = Forward { context, source in answers.target = (context.channel, source) }
        box.value = requests
        return (answers, requests)
    }

    private static func bind(_ handler: Forward) -> EventLoopFuture<any Channel> {
        DatagramBootstrap(group: loop)
            .channelInitializer { $0.pipeline.addHandler(handler) }
            .bind(host: "127.0.0.1", port: 0)
    }

    var port: UInt16 { UInt16(front.localAddress?.port ?? 0) }

    func close() async throws {
        try await front.close()
        try await upstream.close()
    }
}

/// Something that two closures of one thread share.
private final class Box<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}

@Suite("Waiting for the server's verdict", .inTurn(minutes: 1))
struct ConfirmationTests {
    /// A connection that has keys and will not be confirmed.
    private func withUnconfirmed(
        _ body: @Sendable @escaping (QUICConnection) async throws -> Void
    ) async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let muffler = try await Muffler(to: server.address)
            let connection = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: muffler.port),
                serverName: "localhost", tls: certificates.clientContext(),
                authority: .unrestricted, logger: EchoServer.quiet)
            try await body(connection)
            connection.close()
            _ = await connection.ended()
            try await muffler.close()
        }
    }

    @Test("a wait that is cancelled says so, before it began and while it waits, and hurts nobody")
    func cancelled() async throws {
        try await withUnconfirmed { connection in
            let other = Task { try await connection.waitUntilConfirmed() }
            for turns in [0, 200] {
                let waiting = Task { try await connection.waitUntilConfirmed() }
                for _ in 0..<turns { await Task.yield() }
                waiting.cancel()
                let error = await #expect(throws: QUICError.self) { try await waiting.value }
                #expect(error?.code == .cancelled)
            }
            #expect(await connection.endedAlready() == nil)
            // The other one waits on, and hears of the end.
            connection.close()
            let error = await #expect(throws: QUICError.self) { try await other.value }
            #expect(error?.code == .closed)
        }
    }

    @Test("both sides know the group: post-quantum by default, what is common otherwise")
    func group() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let standard = try await connect(server, certificates)
            try await standard.waitUntilConfirmed()
            #expect(standard.keyExchangeGroup == .x25519MLKEM768)
            #expect(standard.keyExchangeGroup?.rawValue == 0x11ec)
            standard.close()
            let tls = try TLSContext(
                client: TLSClientConfiguration(
                    trustRoots: certificates.trustRoots,
                    identity: certificates.identity("operator"),
                    applicationProtocols: ["selium/1"], groups: [.x25519]))
            let other = try await QUICConnection.connect(
                to: server.address, serverName: "localhost", tls: tls, authority: .unrestricted,
                logger: EchoServer.quiet)
            #expect(other.keyExchangeGroup == .x25519)
            other.close()
        }
    }
}
