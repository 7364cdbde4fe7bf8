internal import Glibc
internal import NIOCore
internal import NIOPosix

/// One UDP socket on the loop, with everything QUIC wants of it.
struct DatagramSocket {
    /// Where it is bound: the source of what it sends.
    let local: Address
    let channel: any Channel
    let handler: DatagramHandler

    /// Whether it takes datagrams for every address of the host.
    var isWildcard: Bool { local.address.isUnspecified }

    /// 4 MiB each way: a burst of a whole window must not be dropped while the loop is busy.
    private static let socketBuffer: Int = 4 << 20
    /// What one GRO read can return at most.
    private static let receiveBuffer = 64 << 10
    /// Reads before the loop looks at its other work.
    private static let readsPerTurn: UInt = 32
    /// When our own backlog says "no more" and "go on", bytes.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 2 << 20)

    private static func bootstrap(
        _ loop: any EventLoop, _ handler: DatagramHandler, isIPv6: Bool
    ) -> DatagramBootstrap {
        let level: NIOBSDSocket.OptionLevel = isIPv6 ? .ipv6 : .ip
        // Path MTU discovery is ours: never fragment, never let the kernel guess.
        let discover = NIOBSDSocket.Option(
            rawValue: isIPv6 ? CInt(IPV6_MTU_DISCOVER) : CInt(IP_MTU_DISCOVER))
        var bootstrap = DatagramBootstrap(group: loop)
            .channelOption(.socketOption(.so_rcvbuf), value: socketBuffer)
            .channelOption(.socketOption(.so_sndbuf), value: socketBuffer)
            .channelOption(
                ChannelOptions.Types.SocketOption(level: level, name: discover),
                value: Int(IP_PMTUDISC_PROBE)
            )
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveBuffer)
            )
            .channelOption(.maxMessagesPerRead, value: readsPerTurn)
            .channelOption(.writeBufferWaterMark, value: waterMark)
        if isIPv6 {
            // One family a socket: marks and addresses of the other come in another form.
            bootstrap = bootstrap.channelOption(
                ChannelOptions.Types.SocketOption(
                    level: .ipv6, name: NIOBSDSocket.Option(rawValue: CInt(IPV6_V6ONLY))),
                value: 1)
        }
        return bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
    }

    /// Binds to `address`; `isShared` lets it lie beside a wildcard socket on the same port.
    static func bind(
        _ address: Address, isShared: Bool, on loop: any EventLoop, for driver: EndpointDriver
    ) -> EventLoopFuture<DatagramSocket> {
        let handler = DatagramHandler(driver)
        var bootstrap = Self.bootstrap(loop, handler, isIPv6: address.address.isIPv6)
        if isShared {
            bootstrap = bootstrap.channelOption(.socketOption(.so_reuseaddr), value: 1)
        }
        let bound = bootstrap.bind(to: address.nio).flatMap { channel in
            Self.prepare(
                channel, handler, wantsPacketInfo: address.address.isUnspecified,
                fallback: address)
        }
        return Self.closing(handler, whenFailed: bound)
    }

    /// A socket that hears from `remote` only, and hears when nobody listens there.
    static func connect(
        to remote: Address, on loop: any EventLoop, for driver: EndpointDriver
    ) -> EventLoopFuture<DatagramSocket> {
        let handler = DatagramHandler(driver)
        let connected = Self.bootstrap(loop, handler, isIPv6: remote.address.isIPv6)
            .connect(to: remote.nio)
            .flatMap { Self.prepare($0, handler, wantsPacketInfo: false, fallback: remote) }
        return Self.closing(handler, whenFailed: connected)
    }

    /// The same from a port of our own.
    static func connect(
        from local: Address, to remote: Address, on loop: any EventLoop, for driver: EndpointDriver
    ) -> EventLoopFuture<DatagramSocket> {
        let handler = DatagramHandler(driver)
        let connected = Self.bootstrap(loop, handler, isIPv6: remote.address.isIPv6)
            .bind(to: local.nio)
            .flatMap { channel in channel.connect(to: remote.nio).map { channel } }
            .flatMap { Self.prepare($0, handler, wantsPacketInfo: false, fallback: local) }
        return Self.closing(handler, whenFailed: connected)
    }

    private static func closing(
        _ handler: DatagramHandler, whenFailed socket: EventLoopFuture<DatagramSocket>
    ) -> EventLoopFuture<DatagramSocket> {
        socket.assumeIsolated().whenFailure { _ in handler.abandon() }
        return socket
    }

    /// Options that need to know the socket's family, which NIO does once it is bound. What the
    /// kernel does not have we do without.
    private static func prepare(
        _ channel: any Channel, _ handler: DatagramHandler, wantsPacketInfo: Bool,
        fallback: Address
    ) -> EventLoopFuture<DatagramSocket> {
        let local = channel.localAddress.flatMap { Address($0) } ?? fallback
        var options: [EventLoopFuture<Void>] = [
            channel.setOption(.explicitCongestionNotification, value: true),
            channel.setOption(.datagramReceiveOffload, value: true),
            channel.setOption(.datagramReceiveSegmentSize, value: true),
        ]
        if wantsPacketInfo { options.append(channel.setOption(.receivePacketInfo, value: true)) }
        handler.local = local
        let socket = NIOLoopBound(
            DatagramSocket(local: local, channel: channel, handler: handler),
            eventLoop: channel.eventLoop)
        return EventLoopFuture.whenAllComplete(options, on: channel.eventLoop).map { _ in
            socket.value
        }
    }
}
