extension DNSRecordData {
    /// The start of a zone (RFC 1035 section 3.3.13); times in seconds.
    public struct SOA: Hashable, Sendable {
        /// The primary server of the zone.
        public var primary: DNSName
        /// The mailbox of who is responsible, its first label in front of the `@`.
        public var mailbox: DNSName
        /// The version of the zone.
        public var serial: UInt32
        /// How often secondaries look for a new version.
        public var refresh: UInt32
        /// How often they try again.
        public var retry: UInt32
        /// When they give the zone up.
        public var expire: UInt32
        /// For how long an absence may be kept (RFC 2308 section 4).
        public var minimum: UInt32

        /// A start of a zone.
        public init(
            primary: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32,
            expire: UInt32, minimum: UInt32
        ) {
            self.primary = primary
            self.mailbox = mailbox
            self.serial = serial
            self.refresh = refresh
            self.retry = retry
            self.expire = expire
            self.minimum = minimum
        }
    }

    /// A mail exchange (RFC 1035 section 3.3.9); the lowest priority is tried first. A single one
    /// at the root means that the domain takes no mail (RFC 7505).
    public struct MX: Hashable, Sendable {
        /// Its rank, the lowest first.
        public var priority: UInt16
        /// The server.
        public var exchange: DNSName

        /// A mail exchange.
        public init(priority: UInt16, exchange: DNSName) {
            self.priority = priority
            self.exchange = exchange
        }
    }

    /// Text: one or more strings of at most 255 bytes (RFC 1035 section 3.3.14).
    public struct TXT: Hashable, Sendable {
        /// The strings as they were written.
        public var strings: [[UInt8]]

        /// A text of these strings; longer ones are cut into several on the wire.
        public init(strings: [[UInt8]]) {
            self.strings = strings
        }

        /// A text.
        public init(_ text: String) {
            strings = [Array(text.utf8)]
        }

        /// All strings in one, as SPF and DKIM read them (RFC 7208 section 3.3). Not escaped.
        public var text: String { String(decoding: strings.joined(), as: UTF8.self) }
    }

    /// Where a service is (RFC 2782); a single one at the root means that there is none.
    public struct SRV: Hashable, Sendable {
        /// Its rank, the lowest first.
        public var priority: UInt16
        /// Its share of the connections among those of the same priority.
        public var weight: UInt16
        /// The port.
        public var port: UInt16
        /// The host.
        public var target: DNSName

        /// A place of a service.
        public init(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName) {
            self.priority = priority
            self.weight = weight
            self.port = port
            self.target = target
        }
    }

    /// A rule that rewrites names (RFC 3403 section 4.1).
    public struct NAPTR: Hashable, Sendable {
        /// The order in which rules are applied.
        public var order: UInt16
        /// The rank among those of the same order.
        public var preference: UInt16
        /// What kind of result it has: `S`, `A`, `U`, `P`.
        public var flags: [UInt8]
        /// The service it leads to.
        public var services: [UInt8]
        /// The substitution, empty when there is a replacement.
        public var regularExpression: [UInt8]
        /// The next name, the root when there is a substitution.
        public var replacement: DNSName

        /// A rule; the three texts are at most 255 bytes each.
        public init(
            order: UInt16, preference: UInt16, flags: [UInt8], services: [UInt8],
            regularExpression: [UInt8], replacement: DNSName
        ) {
            self.order = order
            self.preference = preference
            self.flags = flags
            self.services = services
            self.regularExpression = regularExpression
            self.replacement = replacement
        }
    }

    /// Which certificate or key a TLS server has (RFC 6698 section 2.1). Worth something only when
    /// DNSSEC vouches for it, which this resolver leaves to the server (the AD flag).
    public struct TLSA: Hashable, Sendable {
        /// What it constrains: a CA, the leaf, a trust anchor, the leaf without PKI (0–3).
        public var usage: UInt8
        /// The whole certificate or its public key (0, 1).
        public var selector: UInt8
        /// The bytes themselves, SHA-256 or SHA-512 of them (0, 1, 2).
        public var matchingType: UInt8
        /// What has to match.
        public var association: [UInt8]

        /// An association.
        public init(usage: UInt8, selector: UInt8, matchingType: UInt8, association: [UInt8]) {
            self.usage = usage
            self.selector = selector
            self.matchingType = matchingType
            self.association = association
        }
    }

    /// Who may issue certificates for a name (RFC 8659 section 4).
    public struct CAA: Hashable, Sendable {
        /// The flags; 0x80 is ``isCritical``.
        public var flags: UInt8
        /// The property: `issue`, `issuewild`, `iodef`, …; letters and digits.
        public var tag: String
        /// What it says, in the property's own syntax.
        public var value: [UInt8]

        /// A property.
        public init(flags: UInt8 = 0, tag: String, value: [UInt8]) {
            self.flags = flags
            self.tag = tag
            self.value = value
        }

        /// Whether an issuer that does not know the property may not issue.
        public var isCritical: Bool { flags & 0x80 != 0 }
    }
}
