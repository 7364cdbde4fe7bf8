internal import CPosix

/// Which address of this machine would be sent from.
enum SourceAddress {
    /// The source of packets to `destination`, nil when there is no route. Nothing is sent: connecting
    /// a datagram socket only asks the routing table.
    static func forReaching(_ destination: IPAddress) -> IPAddress? {
        let family = destination.isIPv4 ? CPOSIX_IPV4 : CPOSIX_IPV6
        let descriptor = cposix_socket(Int32(family), Int32(CPOSIX_DATAGRAM))
        guard descriptor >= 0 else { return nil }
        defer { _ = cposix_close(descriptor) }
        var there = cposix_address(SocketAddress(destination, port: 53))
        guard unsafe cposix_connect(descriptor, &there) == 0 else { return nil }
        var here = cposix_address()
        guard unsafe cposix_local_address(descriptor, &here) == 0 else { return nil }
        return here.socketAddress?.address
    }
}
