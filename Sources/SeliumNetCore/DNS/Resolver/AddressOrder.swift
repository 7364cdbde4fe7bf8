/// The order in which the addresses of a host are tried (RFC 6724).
public enum AddressOrder {
    /// Sorts destinations by section 6, as far as it can be decided without the routing table: rules
    /// 1, 2, 5, 6, 8 and 9. What it leaves equal keeps its order.
    ///
    /// - Parameter source: the address this machine would send from, nil when there is no route. The
    ///   driver finds it by connecting a datagram socket, which sends nothing.
    public static func sorted(
        _ destinations: [IPAddress], source: (IPAddress) -> IPAddress?
    ) -> [IPAddress] {
        let candidates = destinations.enumerated().map { index, address in
            Candidate(index: index, address: address, source: source(address))
        }
        return candidates.sorted { $0.precedes($1) }.map(\.address)
    }

    private struct Candidate {
        let index: Int
        let address: IPAddress
        let source: IPAddress?
        let precedence: Int
        let scope: UInt8
        let matchesScope: Bool
        let matchesLabel: Bool
        let common: Int

        init(index: Int, address: IPAddress, source: IPAddress?) {
            self.index = index
            self.address = address
            self.source = source
            let policy = AddressOrder.policy(address)
            precedence = policy.precedence
            scope = AddressOrder.scope(address)
            matchesScope =
                source.map { AddressOrder.scope($0) == AddressOrder.scope(address) } ?? false
            matchesLabel = source.map { AddressOrder.policy($0).label == policy.label } ?? false
            common = source.map { AddressOrder.commonPrefix(address, $0) } ?? 0
        }

        func precedes(_ other: Candidate) -> Bool {
            // Rule 1: unusable destinations come last.
            if (source == nil) != (other.source == nil) { return source != nil }
            // Rule 2: the scope of the source fits.
            if matchesScope != other.matchesScope { return matchesScope }
            // Rule 5: the label fits.
            if matchesLabel != other.matchesLabel { return matchesLabel }
            // Rule 6: the precedence is higher.
            if precedence != other.precedence { return precedence > other.precedence }
            // Rule 8: the scope is smaller.
            if scope != other.scope { return scope < other.scope }
            // Rule 9: more in common with the source, within one family; not for IPv4, where
            // it only ruins round robin.
            if address.isIPv6, other.address.isIPv6, common != other.common {
                return common > other.common
            }
            return index < other.index
        }
    }

    /// The default policy table of section 2.1, the longest prefix first.
    private static let policies:
        [(prefix: IPv6Address, length: UInt8, precedence: Int, label: Int)] = [
            (.loopback, 128, 50, 0),
            (IPv6Address(0, 0, 0, 0, 0, 0xFFFF, 0, 0), 96, 35, 4),
            (.any, 96, 1, 3),
            (IPv6Address(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5),
            (IPv6Address(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2),
            (IPv6Address(0x3FFE, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12),
            (IPv6Address(0xFEC0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11),
            (IPv6Address(0xFC00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13),
            (.any, 0, 40, 1),
        ]

    private static func policy(_ address: IPAddress) -> (precedence: Int, label: Int) {
        let six = asIPv6(address)
        for policy in policies where six.masked(to: policy.length) == policy.prefix {
            return (policy.precedence, policy.label)
        }
        return (40, 1)
    }

    private static func asIPv6(_ address: IPAddress) -> IPv6Address {
        switch address {
        case .v4(let four): IPv6Address(mapping: four)
        case .v6(let six): six
        }
    }

    /// Sections 3.1 and 3.2: multicast scopes as they are written, link-local 2 (loopback too),
    /// site-local 5, all else global 14.
    static func scope(_ address: IPAddress) -> UInt8 {
        switch address {
        case .v4(let four): return four.isLinkLocal || four.isLoopback ? 2 : 14
        case .v6(let six):
            if let mapped = six.mappedIPv4 { return scope(.v4(mapped)) }
            if six.high >> 56 == 0xFF { return UInt8(truncatingIfNeeded: six.high >> 48) & 0xF }
            if six == .loopback || six.high >> 54 == 0x3FA { return 2 }
            return six.high >> 54 == 0x3FB ? 5 : 14
        }
    }

    /// How many leading bits two addresses share, at most 64: what lies behind names a host
    /// (section 2.2).
    private static func commonPrefix(_ left: IPAddress, _ right: IPAddress) -> Int {
        (asIPv6(left).high ^ asIPv6(right).high).leadingZeroBitCount
    }
}

extension Sequence<DNSRecordData.SRV> {
    /// The places of a service in the order they are tried: by priority, and within one by lot, each
    /// with the chances of its weight (RFC 2782, "Weight").
    public func ordered(
        using random: inout some RandomNumberGenerator
    ) -> [DNSRecordData.SRV] {
        var rest = sorted { ($0.priority, $0.weight) < ($1.priority, $1.weight) }
        var ordered: [DNSRecordData.SRV] = []
        while let first = rest.first {
            let group = rest.prefix { $0.priority == first.priority }
            let total = group.reduce(0) { $0 + Int($1.weight) }
            var ticket = Int.random(in: 0...total, using: &random)
            var chosen = 0
            for (index, place) in group.enumerated() {
                chosen = index
                ticket -= Int(place.weight)
                if ticket <= 0 { break }
            }
            ordered.append(rest.remove(at: chosen))
        }
        return ordered
    }
}
