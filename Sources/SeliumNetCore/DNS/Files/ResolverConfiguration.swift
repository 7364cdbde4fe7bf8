/// Whom to ask and how, from resolv.conf(5) or from the program.
public struct ResolverConfiguration: Hashable, Sendable {
    /// A server and the way to it.
    public struct Server: Hashable, Sendable {
        /// How it is spoken to.
        public enum Transport: Hashable, Sendable {
            /// UDP, and TCP for what does not fit (RFC 7766).
            case plain
            /// TLS (RFC 7858), its certificate being for this name, or unchecked without one
            /// (RFC 8310 section 5).
            case tls(HostName?)
            /// HTTPS (RFC 8484) with this URL.
            case https(String)
        }

        /// Where it is.
        public var address: SocketAddress
        /// How it is spoken to.
        public var transport: Transport

        /// A server, over UDP and TCP unless said otherwise.
        public init(_ address: SocketAddress, transport: Transport = .plain) {
            self.address = address
            self.transport = transport
        }

        /// A server on port 53.
        public init(_ address: IPAddress) {
            self.init(SocketAddress(address, port: 53))
        }
    }

    /// How many servers are kept; more are ignored (resolv.conf has 3).
    public static let maximumServers = 8
    /// How many domains of the search list are kept; each can cost two queries.
    public static let maximumSearchDomains = 16
    /// The greatest `ndots` (glibc's).
    public static let maximumDots = 15
    /// The greatest timeout of one attempt, glibc's, in seconds.
    public static let maximumTimeoutSeconds = 30
    /// The greatest number of rounds through the servers, glibc's.
    public static let maximumAttempts = 5

    /// The servers in the order they are asked; without any it is this machine, port 53.
    public var servers: [Server] = []
    /// The domains that are put behind names with fewer dots than ``dots``.
    public var searchDomains: [DNSName] = []
    /// With so many dots a name is asked for as it is first, before the search list (`ndots`).
    public var dots = 1
    /// How long to wait for one answer, in nanoseconds.
    public var timeout: UInt64 = 5_000_000_000
    /// How often to go through the servers.
    public var attempts = 2
    /// Whether each lookup begins with another server (`rotate`).
    public var rotates = false
    /// Whether to ask over TCP from the start (`use-vc`).
    public var usesStreams = false
    /// Whether to speak EDNS; off only for servers that choke on it.
    public var usesEDNS = true
    /// Whether the case of names is chosen at random, against forgery.
    public var mixesCase = true
    /// Whether the servers' word on DNSSEC is worth something (`trust-ad`).
    public var trustsAuthenticData = false
    /// How many answers are kept.
    public var cacheCapacity = 4_096
    /// How many bytes they may take, by estimate.
    public var cacheBytes = 16 << 20
    /// How many different questions may be under way.
    public var maximumQuestions = 1_024
    /// How many lookups may wait in all.
    public var maximumLookups = 16_384

    /// A configuration with the defaults and no servers.
    public init() {}

    /// Reads the text of resolv.conf(5) (and the `options` of RES_OPTIONS are in the same words).
    /// Like the system's own resolver it skips what it does not know: a broken line must not leave a
    /// machine without names. The last `domain` or `search` line counts; numbers beyond the limits
    /// become the limits.
    public init(parsing text: some StringProtocol) {
        self.init()
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";")
            else { continue }
            let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver": if words.count > 1 { addServer(words[1]) }
            case "domain": searchDomains = Self.domains(words.dropFirst().prefix(1))
            case "search": searchDomains = Self.domains(words.dropFirst())
            case "options": for option in words.dropFirst() { apply(option: option) }
            default: break
            }
        }
    }

    /// The servers, this machine if there are none.
    public var effectiveServers: [Server] {
        servers.isEmpty ? [Server(IPAddress(127, 0, 0, 1))] : servers
    }

    private mutating func addServer(_ text: String) {
        guard servers.count < Self.maximumServers, let address = IPAddress(text) else { return }
        servers.append(Server(address))
    }

    private static func domains(_ words: some Sequence<String>) -> [DNSName] {
        Array(
            words.compactMap { HostName($0).map { DNSName($0) } }.prefix(maximumSearchDomains))
    }

    /// Applies one word of an `options` line or of RES_OPTIONS; unknown ones change nothing.
    public mutating func apply(option: some StringProtocol) {
        let parts = option.split(separator: ":", maxSplits: 1)
        guard let name = parts.first else { return }
        let number = parts.count > 1 ? Int(parts[1]).map { max(0, $0) } : nil
        switch (name, number) {
        case ("ndots", let number?): dots = min(number, Self.maximumDots)
        case ("timeout", let number?):
            timeout = UInt64(max(1, min(number, Self.maximumTimeoutSeconds))) * 1_000_000_000
        case ("attempts", let number?): attempts = max(1, min(number, Self.maximumAttempts))
        case ("rotate", _): rotates = true
        case ("use-vc", _): usesStreams = true
        case ("trust-ad", _): trustsAuthenticData = true
        default: break
        }
    }

    /// What a name is asked for as, in this order (resolv.conf(5), `ndots` and `search`).
    public func candidates(for host: HostName) -> [DNSName] {
        let name = DNSName(host)
        guard !host.isAbsolute else { return [name] }
        let searched = searchDomains.prefix(Self.maximumSearchDomains).compactMap {
            name.appending($0)
        }
        return host.dots >= dots ? [name] + searched : searched + [name]
    }
}
