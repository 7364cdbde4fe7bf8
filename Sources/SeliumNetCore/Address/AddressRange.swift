/// A block of addresses with one prefix (CIDR, RFC 4632): `10.1.0.0/16`, `2001:db8::/32`.
public struct AddressRange: Hashable, Sendable, LosslessStringConvertible {
    /// The first address; no bit behind the prefix is set.
    public let base: IPAddress
    /// How many leading bits all addresses share, up to 32 or 128.
    public let prefixLength: UInt8

    /// The block around `address`; nil if the length is too large for its family.
    public init?(containing address: IPAddress, prefixLength: UInt8) {
        switch address {
        case .v4(let address):
            guard prefixLength <= 32 else { return nil }
            base = .v4(address.masked(to: prefixLength))
        case .v6(let address):
            guard prefixLength <= 128 else { return nil }
            base = .v6(address.masked(to: prefixLength))
        }
        self.prefixLength = prefixLength
    }

    /// The block that holds one address only; the number of its interface is not kept.
    public init(_ address: IPAddress) {
        switch address {
        case .v4:
            base = address
            prefixLength = 32
        case .v6(let address):
            base = .v6(IPv6Address(high: address.high, low: address.low))
            prefixLength = 128
        }
    }

    /// Reads `address/length`, or an address alone. Bits behind the prefix are an error, not
    /// cleared: who writes `10.1.2.3/8` means something else than what they would get.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        guard let slash = text.firstIndex(of: "/") else {
            self.init(try IPAddress(parsing: text))
            return
        }
        let address = try IPAddress(parsing: text[..<slash])
        let offset = text.utf8.distance(from: text.startIndex, to: slash) + 1
        let limit: UInt64 = address.isIPv4 ? 32 : 128
        var cursor = AddressCursor(text.utf8[text.index(after: slash)...])
        let length: UInt64
        do throws(AddressError) {
            length = try cursor.decimal(upTo: limit)
            try cursor.expectEnd()
        } catch {
            throw AddressError(error.code, at: offset + error.offset)
        }
        guard
            let range = AddressRange(
                containing: address, prefixLength: UInt8(truncatingIfNeeded: length))
        else { throw AddressError(.outOfRange, at: offset) }
        guard range.base == address else { throw AddressError(.hostBitsSet, at: 0) }
        self = range
    }

    /// Reads a range as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let range = try? AddressRange(parsing: description) else { return nil }
        self = range
    }

    /// `address/length`, also where the length covers one address only.
    public var description: String { "\(base)/\(prefixLength)" }

    /// Whether the address has this prefix. Families differ, interfaces are not looked at; whoever
    /// compares rules passes ``IPAddress/canonical``.
    public func contains(_ address: IPAddress) -> Bool {
        switch (base, address) {
        case (.v4(let base), .v4(let address)): address.masked(to: prefixLength) == base
        case (.v6(let base), .v6(let address)): address.masked(to: prefixLength) == base
        default: false
        }
    }

    /// Whether every address of `other` is in this block.
    public func contains(_ other: AddressRange) -> Bool {
        prefixLength <= other.prefixLength && contains(other.base)
    }
}
