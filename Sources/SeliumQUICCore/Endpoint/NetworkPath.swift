/// The two ends of a path, as this host sees them.
package struct NetworkPath: Hashable, Sendable {
    /// Our address: where a datagram arrived, and so where the answer has to come from.
    package var local: SocketAddress
    /// The other side's address.
    package var remote: SocketAddress

    package init(local: SocketAddress, remote: SocketAddress) {
        self.local = local
        self.remote = remote
    }
}

/// The ECN field of an IP header (RFC 3168), by its number.
package enum ECN: UInt8, Hashable, Sendable {
    case notCapable = 0
    case capable1 = 1
    case capable0 = 2
    case congestionExperienced = 3
}

/// Datagrams to send: one buffer, cut by the system (GSO) or the driver into segments.
package struct Transmit: Hashable, Sendable {
    /// Where they go, and from where.
    package var path: NetworkPath
    /// Which bytes of the buffer they are.
    package var range: Range<Int>
    /// Length of every datagram but the last, which may be shorter.
    package var segmentSize: Int
    /// How to mark them.
    package var ecn: ECN

    /// How many datagrams they are.
    package var datagramCount: Int {
        segmentSize == 0 ? 0 : (range.count + segmentSize - 1) / segmentSize
    }
}
