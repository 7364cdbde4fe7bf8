internal import Logging
internal import NIOCore
internal import NIOPosix

/// Between one UDP channel and the driver.
///
/// SAFETY: confined to the channel's loop, which is the driver's.
final class DatagramHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// Nil once the driver let go of the socket.
    private var driver: EndpointDriver?
    private var context: ChannelHandlerContext?
    /// Where the socket is bound.
    var local = Address(IPv4Address.any, port: 0)
    /// A batch of segments failed in the way of an interface without segmentation.
    private(set) var refusesSegments = false
    /// Whom the last datagram went to: mostly the next one goes there too, and NIO's form of an
    /// address is an allocation.
    private var lastRemote: (address: Address, nio: NIOCore.SocketAddress)?

    init(_ driver: EndpointDriver) {
        self.driver = driver
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// The socket is closed on purpose: what it still reports is of no interest.
    func detach() {
        driver = nil
    }

    /// Binding or connecting failed: NIO leaves the channel as it is, its descriptor included.
    func abandon() {
        detach()
        context?.channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = Self.unwrapInboundIn(data)
        guard let remote = Address(envelope.remoteAddress) else { return }
        var path = NetworkPath(local: local, remote: remote)
        if let info = envelope.metadata?.packetInfo, let target = Address(info.destinationAddress) {
            path.local = Address(target.address.withoutScope, port: local.port)
        }
        let datagrams = ReceivedDatagrams(
            bytes: envelope.data, segmentSize: envelope.metadata?.segmentSize, path: path,
            ecn: ECN(envelope.metadata?.ecnState ?? .transportNotCapable))
        driver?.received(datagrams, by: self)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver?.turn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { driver?.wake() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, error.errnoCode == Errno.connectionRefused else {
            driver?.logger.debug(
                "a socket reported an error",
                metadata: ["address": "\(local)", "error": "\(error)"])
            return
        }
        driver?.refused()
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver?.lostSocket(self)
    }

    func write(_ bytes: ByteBuffer, to remote: Address, segmentSize: Int?, ecn: ECN) {
        guard let context else { return }
        let envelope = AddressedEnvelope(
            remoteAddress: nioAddress(of: remote), data: bytes,
            metadata: .init(ecnState: ecn.nio, packetInfo: nil, segmentSize: segmentSize))
        guard segmentSize != nil else {
            return context.write(Self.wrapOutboundOut(envelope), promise: nil)
        }
        // NIO says why it closes a socket to the write that failed, and to nobody else.
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenFailure { self.segmentsFailed($0) }
        context.write(Self.wrapOutboundOut(envelope), promise: written)
    }

    /// A batch of segments was not sent, and why.
    func segmentsFailed(_ error: any Error) {
        guard let error = error as? IOError, Errno.segmentation.contains(error.errnoCode) else {
            return
        }
        refusesSegments = true
    }

    private func nioAddress(of remote: Address) -> NIOCore.SocketAddress {
        if let last = lastRemote, last.address == remote { return last.nio }
        let address = remote.nio
        lastRemote = (remote, address)
        return address
    }

    func flush() {
        context?.flush()
    }
}

/// One read: one datagram, or several of one length that the system joined (GRO).
struct ReceivedDatagrams {
    let bytes: ByteBuffer
    let segmentSize: Int?
    let path: NetworkPath
    let ecn: ECN
}

extension IPAddress {
    /// A bound address has no interface number; packet information may bring one.
    var withoutScope: IPAddress {
        guard case .v6(let v6) = self, v6.scopeID != 0, !isLinkLocal else { return self }
        return .v6(IPv6Address(high: v6.high, low: v6.low))
    }
}
