extension DNSName {
    /// The name whose PTR record says what an address is called: `4.3.2.1.in-addr.arpa` (RFC 1035
    /// section 3.5) or 32 nibbles under `ip6.arpa` (RFC 3596 section 2.5). A mapped IPv4 address is
    /// asked for as the IPv4 address it is; an interface plays no part.
    public init(reverseOf address: IPAddress) {
        var wire: [UInt8] = []
        func append(_ label: String) {
            wire.append(UInt8(truncatingIfNeeded: label.utf8.count))
            wire.append(contentsOf: label.utf8)
        }
        switch address {
        case .v4(let address):
            for index in (0..<4).reversed() { append(String(address.octets[index])) }
            append("in-addr")
        case .v6(let address):
            if let mapped = address.mappedIPv4 {
                self.init(reverseOf: .v4(mapped))
                return
            }
            for index in (0..<16).reversed() {
                append(String(address.octets[index] & 0xF, radix: 16))
                append(String(address.octets[index] >> 4, radix: 16))
            }
            append("ip6")
        }
        append("arpa")
        wire.append(0)
        self.init(checked: wire)
    }

    /// The address that a reverse name is for; nil unless it is a complete one.
    public var reversedAddress: IPAddress? {
        let labels = labels.map { String(decoding: $0, as: UTF8.self).lowercased() }
        guard labels.count > 2, labels.last == "arpa" else { return nil }
        let numbers = labels.dropLast(2)
        switch (labels[labels.count - 2], numbers.count) {
        case ("in-addr", 4):
            return IPv4Address(numbers.reversed().joined(separator: ".")).map(IPAddress.v4)
        case ("ip6", 32):
            let nibbles = numbers.reversed().compactMap { label in
                label.utf8.count == 1 ? UInt8(label, radix: 16) : nil
            }
            guard nibbles.count == 32 else { return nil }
            return IPAddress(
                octets: stride(from: 0, to: 32, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] })
        default: return nil
        }
    }
}
