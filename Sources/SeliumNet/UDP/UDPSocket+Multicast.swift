internal import CPosix

extension UDPSocket {
    /// Joins an IPv4 group on the interface with this address, `.any`: where the system's route to it
    /// leads.
    ///
    /// - Throws: `.denied` by the authority, asked with the group and the port of this socket;
    ///   `.invalidArgument` for what is no group; `.addressInUse` for one that it is in already.
    public func join(
        _ group: IPv4Address, on interface: IPv4Address = .any
    ) throws(NetError) {
        try require(
            .joinMulticast, SocketAddress(group, port: localAddress.port), .join)
        try membership(.join, group) {
            cposix_membership_v4($0, 1, group.bits, interface.bits)
        }
    }

    /// Leaves an IPv4 group again.
    public func leave(
        _ group: IPv4Address, on interface: IPv4Address = .any
    ) throws(NetError) {
        try membership(.leave, group) {
            cposix_membership_v4($0, 0, group.bits, interface.bits)
        }
    }

    /// Joins an IPv6 group on the interface with this number, 0: where the system's route leads.
    ///
    /// - Throws: as for IPv4.
    public func join(_ group: IPv6Address, on interface: UInt32 = 0) throws(NetError) {
        try require(
            .joinMulticast, SocketAddress(group, port: localAddress.port), .join)
        try membership(.join, group) {
            cposix_membership_v6($0, 1, group.high, group.low, interface)
        }
    }

    /// Leaves an IPv6 group again.
    public func leave(_ group: IPv6Address, on interface: UInt32 = 0) throws(NetError) {
        try membership(.leave, group) {
            cposix_membership_v6($0, 0, group.high, group.low, interface)
        }
    }

    private func membership(
        _ operation: NetError.Operation, _ group: some CustomStringConvertible,
        _ body: (Int32) -> Int32
    ) throws(NetError) {
        do throws(Failure) {
            try socket.call(body)
        } catch {
            let named = NetError(error, doing: operation)
            throw NetError(
                named.code, doing: operation, errno: named.errno, detail: group.description)
        }
    }

    /// How many routers a datagram to a group may pass; 1 is the system's default, 0 stays here.
    public var multicastTTL: Int {
        get throws(NetError) { try option(isIPv6 ? .multicastHops : .multicastTTL) }
    }

    /// See ``multicastTTL``: 0 to 255.
    public func setMulticastTTL(_ ttl: Int) throws(NetError) {
        try set(isIPv6 ? .multicastHops : .multicastTTL, ttl)
    }

    /// Whether what is sent to a group is heard on this machine too; it is, unless turned off.
    public var multicastLoop: Bool {
        get throws(NetError) { try option(isIPv6 ? .multicastLoopV6 : .multicastLoop) != 0 }
    }

    /// See ``multicastLoop``.
    public func setMulticastLoop(_ enable: Bool) throws(NetError) {
        try set(isIPv6 ? .multicastLoopV6 : .multicastLoop, enable ? 1 : 0)
    }

    /// Sends to groups through the interface with this address (IPv4).
    public func setMulticastInterface(_ interface: IPv4Address) throws(NetError) {
        try membership(.option, interface) { cposix_set_multicast_interface($0, interface.bits) }
    }

    /// Sends to groups through the interface with this number (IPv6).
    public func setMulticastInterface(_ interface: UInt32) throws(NetError) {
        try set(.multicastInterfaceV6, Int(interface))
    }
}
