internal import CPosix

/// How a UDP socket is bound.
public struct UDPOptions: Hashable, Sendable {
    /// Whether other sockets may bind the same address; for multicast all of them hear each datagram.
    public var reuseAddress: Bool
    /// Whether other sockets of the same user may bind it and the kernel deals datagrams out by peer.
    public var reusePort: Bool
    /// Whether one on an IPv6 address refuses IPv4.
    public var onlyV6: Bool

    /// A socket that is alone on its address.
    public init(reuseAddress: Bool = false, reusePort: Bool = false, onlyV6: Bool = false) {
        self.reuseAddress = reuseAddress
        self.reusePort = reusePort
        self.onlyV6 = onlyV6
    }
}

extension Network {
    /// Binds a UDP socket to the first address of the target that can be bound; port 0 lets the system
    /// choose.
    ///
    /// - Throws: `.denied`, `.addressInUse`, `.permission`, `.addressUnavailable`.
    public func bindUDP(
        _ target: some SocketTargetConvertible, options: UDPOptions = UDPOptions()
    ) async throws(NetError) -> UDPSocket {
        var failure: NetError?
        for address in try await candidates(target) {
            do throws(NetError) {
                return try bindUDP(at: address, options)
            } catch {
                failure = failure ?? error
            }
        }
        throw failure ?? NetError(.unknownName, doing: .bind)
    }

    private func bindUDP(
        at address: SocketAddress, _ options: UDPOptions
    ) throws(NetError) -> UDPSocket {
        try require(.bind, .socket(.udp, address), .bind, .ip(address))
        do throws(Failure) {
            let family = address.isIPv4 ? CPOSIX_IPV4 : CPOSIX_IPV6
            let socket = try Socket.make(family: Int(family), kind: Int(CPOSIX_DATAGRAM))
            if options.reuseAddress { try socket.set(.reuseAddress, true) }
            if options.reusePort { try socket.set(.reusePort, true) }
            if address.isIPv6 { try socket.set(.onlyV6, options.onlyV6) }
            try socket.bind(.ip(address))
            let local = try socket.localAddress()?.socketAddress ?? address
            return UDPSocket(socket, local: local, peer: nil, authority: authority)
        } catch {
            throw NetError(error, doing: .bind, address: .ip(address))
        }
    }
}

extension UDPSocket {
    /// Whether datagrams to a broadcast address are allowed.
    public var broadcast: Bool { get throws(NetError) { try option(.broadcast) != 0 } }

    /// See ``broadcast``.
    public func setBroadcast(_ enable: Bool) throws(NetError) {
        try set(.broadcast, enable ? 1 : 0)
    }

    /// Bytes that the kernel keeps of what was sent; it doubles what is set and says the double.
    public var sendBufferSize: Int { get throws(NetError) { try option(.sendBuffer) } }

    /// See ``sendBufferSize``.
    public func setSendBufferSize(_ bytes: Int) throws(NetError) {
        try set(.sendBuffer, bytes)
    }

    /// Bytes that the kernel keeps of what was not received; it doubles what is set and says so.
    public var receiveBufferSize: Int { get throws(NetError) { try option(.receiveBuffer) } }

    /// See ``receiveBufferSize``.
    public func setReceiveBufferSize(_ bytes: Int) throws(NetError) {
        try set(.receiveBuffer, bytes)
    }

    /// How many routers a datagram may pass (the hop limit, for IPv6).
    public var ttl: Int { get throws(NetError) { try option(isIPv6 ? .hops : .ttl) } }

    /// See ``ttl``: 1 to 255.
    public func setTTL(_ ttl: Int) throws(NetError) {
        try set(isIPv6 ? .hops : .ttl, ttl)
    }

    var isIPv6: Bool { localAddress.isIPv6 }

    func option(_ option: SocketOption) throws(NetError) -> Int {
        do throws(Failure) {
            return Int(try socket.option(option))
        } catch {
            throw NetError(error, doing: .option)
        }
    }

    func set(_ option: SocketOption, _ value: Int) throws(NetError) {
        do throws(Failure) {
            try socket.set(option, value)
        } catch {
            throw NetError(error, doing: .option)
        }
    }
}
