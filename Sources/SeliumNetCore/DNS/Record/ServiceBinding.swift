/// What SVCB and HTTPS records say: where a service is and how to speak to it (RFC 9460).
public struct ServiceBinding: Hashable, Sendable {
    /// The number of a parameter (RFC 9460 section 14.3.2).
    public struct Key: RawRepresentable, Hashable, Sendable, Comparable {
        /// The number on the wire.
        public let rawValue: UInt16

        /// The key with this number.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// Keys without which the record is of no use
        public static let mandatory = Key(rawValue: 0)
        /// The protocols beside the default one
        public static let alpn = Key(rawValue: 1)
        /// There is no default protocol
        public static let noDefaultALPN = Key(rawValue: 2)
        /// Another port
        public static let port = Key(rawValue: 3)
        /// IPv4 addresses to begin with
        public static let ipv4Hint = Key(rawValue: 4)
        /// The list of ECH configurations (RFC 9848)
        public static let ech = Key(rawValue: 5)
        /// IPv6 addresses to begin with
        public static let ipv6Hint = Key(rawValue: 6)

        /// By number, the order they have to be in.
        public static func < (left: Key, right: Key) -> Bool { left.rawValue < right.rawValue }
    }

    /// 0 for an alias, else the rank, the lowest first.
    public let priority: UInt16
    /// The alias's target or the service's host; the root stands for the owner of the record (in
    /// an alias: there is no such service).
    public let target: DNSName
    /// The parameters in the order of their keys; checked when the value was made.
    public let parameters: [(key: Key, value: [UInt8])]

    /// A binding. The parameters may come in any order; doubled keys and values that break their
    /// format are `badValue`, at the index of the parameter.
    public init(
        priority: UInt16, target: DNSName, parameters: [(key: Key, value: [UInt8])] = []
    ) throws(DNSFormatError) {
        self.priority = priority
        self.target = target
        self.parameters = parameters.sorted { $0.key < $1.key }
        try check()
    }

    private func check() throws(DNSFormatError) {
        for (index, parameter) in parameters.enumerated() {
            guard index == 0 || parameters[index - 1].key < parameter.key,
                Self.isWellFormed(parameter.value, of: parameter.key)
            else { throw DNSFormatError(.badValue, at: index) }
        }
        for key in mandatory where self[key] == nil { throw DNSFormatError(.badValue, at: 0) }
    }

    /// RFC 9460 sections 7 and 8.
    private static func isWellFormed(_ value: [UInt8], of key: Key) -> Bool {
        switch key {
        case .mandatory:
            let keys = numbers(value)
            return !value.isEmpty && value.count.isMultiple(of: 2) && !keys.contains(0)
                && zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        case .alpn: return protocols(value)?.isEmpty == false
        case .noDefaultALPN: return value.isEmpty
        case .port: return value.count == 2
        case .ipv4Hint: return !value.isEmpty && value.count.isMultiple(of: 4)
        case .ipv6Hint: return !value.isEmpty && value.count.isMultiple(of: 16)
        default: return true
        }
    }

    /// The bytes of a parameter, nil if it is not there.
    public subscript(key: Key) -> [UInt8]? {
        parameters.first { $0.key == key }?.value
    }

    /// Whether it only names another place to look at (section 2.4.2); then its parameters mean
    /// nothing.
    public var isAlias: Bool { priority == 0 }

    /// Whether somebody who knows these keys may use it (section 8): all mandatory ones are known,
    /// and who gives up the default protocol names another.
    public func isUsable(knowing known: Set<Key>) -> Bool {
        known.isSuperset(of: mandatory) && (hasDefaultProtocol || self[.alpn] != nil)
    }

    /// The keys that have to be understood.
    public var mandatory: [Key] {
        Self.numbers(self[.mandatory] ?? []).map(Key.init(rawValue:))
    }

    /// The protocols it offers, without the default one; each 1 to 255 bytes.
    public var alpn: [[UInt8]] { self[.alpn].flatMap(Self.protocols) ?? [] }

    /// Whether the scheme's default protocol is offered too.
    public var hasDefaultProtocol: Bool { self[.noDefaultALPN] == nil }

    /// The port, nil for the scheme's own.
    public var port: UInt16? { Self.numbers(self[.port] ?? []).first }

    /// The addresses to begin with before those of the target are known, in the order given.
    public var addressHints: [IPAddress] {
        let four = chunks(self[.ipv4Hint] ?? [], of: 4)
        let six = chunks(self[.ipv6Hint] ?? [], of: 16)
        return (six + four).compactMap { IPAddress(octets: $0) }
    }

    /// The ECH configurations, as TLS takes them.
    public var ech: [UInt8]? { self[.ech] }

    private func chunks(_ bytes: [UInt8], of size: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: bytes.count, by: size).map { bytes[$0...].prefix(size) }
    }

    private static func numbers(_ bytes: [UInt8]) -> [UInt16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
    }

    /// Nil when a length is 0 or goes beyond the end.
    private static func protocols(_ bytes: [UInt8]) -> [[UInt8]]? {
        var protocols: [[UInt8]] = []
        var rest = bytes[...]
        while let length = rest.popFirst() {
            guard length > 0, rest.count >= length else { return nil }
            protocols.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        return protocols
    }

    /// By value.
    public static func == (left: ServiceBinding, right: ServiceBinding) -> Bool {
        left.priority == right.priority && left.target == right.target
            && left.parameters.elementsEqual(right.parameters, by: ==)
    }

    /// By value.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(priority)
        hasher.combine(target)
        for parameter in parameters {
            hasher.combine(parameter.key)
            hasher.combine(parameter.value)
        }
    }
}
