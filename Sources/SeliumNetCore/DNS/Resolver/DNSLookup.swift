/// A lookup that was begun: what its answer, or its end, is asked for by.
public struct DNSLookup: Hashable, Sendable {
    let number: UInt64
}

/// How a lookup ended.
public enum DNSOutcome: Hashable, Sendable {
    /// Of ``ResolverMachine/query(_:now:using:)``.
    case records(DNSAnswer)
    /// Of ``ResolverMachine/lookUpHost(_:families:now:using:)``.
    case addresses(HostAnswer)
    case failed(DNSError)
}

/// The addresses of a host.
public struct HostAnswer: Hashable, Sendable {
    /// The name that has the addresses: what the search list and the aliases made of the one asked.
    public var canonicalName: DNSName
    /// The addresses, IPv6 first, each family in the order it came in; see ``AddressOrder``.
    public var addresses: [IPAddress]
    /// For how many seconds they may be kept; nil when they did not come from DNS.
    public var ttl: UInt32?

    /// The addresses of a host.
    public init(canonicalName: DNSName, addresses: [IPAddress], ttl: UInt32?) {
        self.canonicalName = canonicalName
        self.addresses = addresses
        self.ttl = ttl
    }
}

/// Which addresses of a host are wanted.
public enum AddressFamilies: Hashable, Sendable {
    case both, v4, v6

    var types: [DNSRecordType] {
        switch self {
        case .both: [.aaaa, .a]
        case .v4: [.a]
        case .v6: [.aaaa]
        }
    }

    /// Whether an address is of a family that is wanted.
    public func contains(_ address: IPAddress) -> Bool {
        switch self {
        case .both: true
        case .v4: address.isIPv4
        case .v6: address.isIPv6
        }
    }
}

/// A message that the driver has to send.
public struct DNSTransmission: Hashable, Sendable {
    /// What ``ResolverMachine`` knows it by.
    public struct ID: Hashable, Sendable {
        let number: UInt64
    }

    /// What to report its fate by.
    public let id: ID
    /// Where it goes.
    public let server: ResolverConfiguration.Server
    /// Whether it goes over a stream (with its length in front, see ``DNSStreamSplitter``): TCP, or
    /// what the server's transport says. Else it is one datagram.
    public let isStream: Bool
    /// The message.
    public let message: [UInt8]
    /// When it is given up, in the time of `now`.
    public let deadline: UInt64
}
