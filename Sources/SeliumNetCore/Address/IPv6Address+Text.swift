extension IPv6Address: LosslessStringConvertible {
    /// Reads the text forms of RFC 4291 section 2.2, with an interface number behind `%`
    /// (RFC 4007 section 11; names of interfaces are for the rooms that can ask the system).
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var cursor = AddressCursor(text.utf8)
        self = try Self.read(&cursor)
        try cursor.expectEnd()
    }

    /// Reads an address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? IPv6Address(parsing: description) else { return nil }
        self = address
    }

    /// The canonical text of RFC 5952: lower case, no leading zeros, the first longest run of two
    /// or more zero groups as `::`, a mapped IPv4 address as a dotted quad.
    public var description: String {
        var text = ""
        if high == 0, low >> 32 == 0xFFFF {
            text = "::ffff:\(IPv4Address(bits: UInt32(truncatingIfNeeded: low)))"
        } else {
            let groups = groups
            let run = Self.longestZeroRun(groups)
            var index = 0
            while index < 8 {
                if index == run.lowerBound, !run.isEmpty {
                    text += "::"
                    index = run.upperBound
                } else {
                    if index > 0, index != run.upperBound || run.isEmpty { text += ":" }
                    text += String(groups[index], radix: 16)
                    index += 1
                }
            }
        }
        return scopeID == 0 ? text : "\(text)%\(scopeID)"
    }

    /// The first longest run of at least two zero groups, empty if there is none.
    private static func longestZeroRun(_ groups: [8 of UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for index in 0..<8 {
            if groups[index] != 0 { start = index + 1 }
            let length = index + 1 - start
            if length >= 2, length > best.count { best = start..<index + 1 }
        }
        return best
    }

    static func read<Bytes>(
        _ cursor: inout AddressCursor<Bytes>
    ) throws(AddressError) -> IPv6Address {
        let (groups, count, gap) = try readGroups(&cursor)
        guard gap != nil || count == 8 else {
            throw AddressError(.wrongGroupCount, at: cursor.offset)
        }
        guard gap == nil || count <= 7 else {
            throw AddressError(.misplacedCompression, at: cursor.offset)
        }
        var placed = [8 of UInt16](repeating: 0)
        let head = gap ?? count
        for index in 0..<head { placed[index] = groups[index] }
        for index in head..<count { placed[8 - count + index] = groups[index] }
        return IPv6Address(groups: placed, scopeID: try readZone(&cursor))
    }

    /// The groups in the order they were written, how many, and before which of them `::` stood.
    private static func readGroups<Bytes>(
        _ cursor: inout AddressCursor<Bytes>
    ) throws(AddressError) -> (groups: [8 of UInt16], count: Int, gap: Int?) {
        let colon = UInt8(ascii: ":")
        var groups = [8 of UInt16](repeating: 0)
        var count = 0
        var gap: Int?
        if cursor.take(colon) {
            try cursor.expect(colon)
            gap = 0
            if endsHere(cursor) { return (groups, count, gap) }
        }
        while true {
            guard count < 8 else { throw AddressError(.wrongGroupCount, at: cursor.offset) }
            let before = cursor
            let group = try cursor.hexadecimalGroup()
            if cursor.next == UInt8(ascii: ".") {
                guard count <= 6 else { throw AddressError(.wrongGroupCount, at: cursor.offset) }
                cursor = before
                let quad = try cursor.dottedQuad()
                groups[count] = UInt16(truncatingIfNeeded: quad >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: quad)
                return (groups, count + 2, gap)
            }
            groups[count] = group
            count += 1
            if endsHere(cursor) { return (groups, count, gap) }
            guard cursor.take(colon) else { return (groups, count, gap) }
            if cursor.next == colon {
                guard gap == nil else {
                    throw AddressError(.misplacedCompression, at: cursor.offset)
                }
                cursor.advance()
                gap = count
                if endsHere(cursor) { return (groups, count, gap) }
            }
        }
    }

    /// What may follow an address: its end, a zone, the bracket of a socket address, a prefix.
    private static func endsHere<Bytes>(_ cursor: AddressCursor<Bytes>) -> Bool {
        switch cursor.next {
        case nil, UInt8(ascii: "%"), UInt8(ascii: "]"), UInt8(ascii: "/"): true
        default: false
        }
    }

    private static func readZone<Bytes>(
        _ cursor: inout AddressCursor<Bytes>
    ) throws(AddressError) -> UInt32 {
        let start = cursor.offset
        guard cursor.take(UInt8(ascii: "%")) else { return 0 }
        guard let zone = try? cursor.decimal(upTo: UInt64(UInt32.max)), zone > 0 else {
            throw AddressError(.badZone, at: start)
        }
        return UInt32(truncatingIfNeeded: zone)
    }
}
