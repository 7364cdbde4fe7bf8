/// Names that DNS is not asked for (RFC 6761 section 6 and the documents it lists).
public enum SpecialName: Hashable, Sendable {
    /// `localhost` and everything below: this machine (RFC 6761 section 6.3).
    case loopback
    /// There is none, and nobody need be asked: `invalid` (RFC 6761 section 6.4), `onion` (RFC 7686),
    /// `alt` (RFC 9476), and `local`, which is for multicast DNS (RFC 6762 section 22.1).
    case nonexistent

    /// What is special about a name, nil for ordinary ones. The names for tests and examples are
    /// ordinary: RFC 6761 lets programs ask for them.
    public init?(_ name: DNSName) {
        guard let last = name.lastLabel else { return nil }
        switch String(decoding: last, as: UTF8.self).lowercased() {
        case "localhost": self = .loopback
        case "invalid", "onion", "alt", "local": self = .nonexistent
        default: return nil
        }
    }

    /// The addresses of a loopback name.
    public static let loopbackAddresses: [IPAddress] = [.v6(.loopback), .v4(.loopback)]
}
