/// A domain name: labels of any bytes, ending at the root (RFC 1035 section 3.1).
///
/// Two names are equal when they differ in the case of ASCII letters only (RFC 4343); the case is
/// kept, because a server has to send back the one it was asked with.
public struct DNSName: Sendable {
    /// The greatest length on the wire, the root's byte included (RFC 1035 section 2.3.4).
    public static let maximumLength = 255
    /// The greatest length of a label.
    public static let maximumLabelLength = 63

    /// The uncompressed form on the wire: length and bytes of each label, then 0.
    public let wire: [UInt8]

    /// The root, `.`.
    public static let root = DNSName(checked: [0])

    /// Whoever calls this has checked the lengths and the final 0.
    init(checked wire: [UInt8]) {
        self.wire = wire
    }

    /// The name of these labels, the leftmost first; none makes the root.
    public init(labels: some Sequence<some Collection<UInt8>>) throws(DNSFormatError) {
        var wire: [UInt8] = []
        for label in labels {
            guard !label.isEmpty else { throw DNSFormatError(.badLabel, at: wire.count) }
            guard label.count <= Self.maximumLabelLength,
                wire.count + label.count + 2 <= Self.maximumLength
            else { throw DNSFormatError(.nameTooLong, at: wire.count) }
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire.append(contentsOf: label)
        }
        wire.append(0)
        self.wire = wire
    }

    /// The name of a host; its lengths were checked when it was read.
    public init(_ host: HostName) {
        var wire: [UInt8] = []
        for label in host.text.utf8.split(separator: UInt8(ascii: ".")) {
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire.append(contentsOf: label)
        }
        wire.append(0)
        self.wire = wire
    }

    /// The labels, the leftmost first, without the root.
    public var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var start = 0
        while wire[start] != 0 {
            let end = start + 1 + Int(wire[start])
            labels.append(wire[start + 1..<end])
            start = end
        }
        return labels
    }

    /// The label in front of the root, nil for the root itself.
    var lastLabel: ArraySlice<UInt8>? {
        var start = 0
        while wire[start] != 0 {
            let end = start + 1 + Int(wire[start])
            if wire[end] == 0 { return wire[start + 1..<end] }
            start = end
        }
        return nil
    }

    /// Whether it is the root.
    public var isRoot: Bool { wire.count == 1 }

    /// The name without its leftmost label, nil for the root.
    public var parent: DNSName? {
        guard !isRoot else { return nil }
        return DNSName(checked: Array(wire[(1 + Int(wire[0]))...]))
    }

    /// Whether it is `other` or lies below it.
    public func isWithin(_ other: DNSName) -> Bool {
        var start = 0
        while wire.count - start > other.wire.count { start += 1 + Int(wire[start]) }
        guard wire.count - start == other.wire.count else { return false }
        return Self.areEqual(wire[start...], other.wire[...])
    }

    /// The labels of this name in front of those of `suffix`; nil if that is too long.
    public func appending(_ suffix: DNSName) -> DNSName? {
        let wire = wire.dropLast() + suffix.wire
        return wire.count <= Self.maximumLength ? DNSName(checked: Array(wire)) : nil
    }

    /// Whether the two are the same bytes, in the same case.
    public func isIdentical(to other: DNSName) -> Bool { wire == other.wire }

    /// The name in lower case, the form that keys compare and hash by.
    public var lowercased: DNSName { DNSName(checked: wire.map(Self.fold)) }

    /// The name as a host's, nil when it has bytes that no host name has.
    public var hostName: HostName? {
        // A dot inside a label is no separator.
        guard !isRoot, !labels.joined().contains(UInt8(ascii: ".")) else { return nil }
        return HostName(labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "."))
    }

    /// ASCII letters in lower case. Length bytes are at most 63, below the letters, so the whole
    /// wire form may be folded.
    static func fold(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func areEqual(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.elementsEqual(right) { fold($0) == fold($1) }
    }
}

extension DNSName: Hashable {
    /// Without regard to the case of ASCII letters (RFC 4343 section 3).
    public static func == (left: DNSName, right: DNSName) -> Bool {
        left.wire.count == right.wire.count && areEqual(left.wire[...], right.wire[...])
    }

    /// The hash of the lower-case form, eight bytes at a time.
    public func hash(into hasher: inout Hasher) {
        var word: UInt64 = 0
        for (index, byte) in wire.enumerated() {
            word = word << 8 | UInt64(Self.fold(byte))
            if index & 7 == 7 { hasher.combine(word) }
        }
        hasher.combine(word)
        hasher.combine(wire.count)
    }
}

extension DNSName: Comparable {
    /// DNSSEC's canonical order: label by label from the right, in lower case (RFC 4034
    /// section 6.1).
    public static func < (left: DNSName, right: DNSName) -> Bool {
        for (left, right) in zip(left.labels.reversed(), right.labels.reversed()) {
            let (left, right) = (left.map(fold), right.map(fold))
            if left != right { return left.lexicographicallyPrecedes(right) }
        }
        return left.labels.count < right.labels.count
    }
}
