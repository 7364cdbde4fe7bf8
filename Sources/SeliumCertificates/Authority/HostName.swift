/// A host a server's certificate is for: a DNS name or an IP address.
enum HostName: Hashable {
    case dns(String)
    case address([UInt8])

    /// Longest DNS name and label in text form (RFC 1035 §2.3.4).
    private static let maximumLength = 253
    private static let maximumLabelLength = 63

    /// Reads a DNS name (lower-cased, without its trailing dot) or an IP address without brackets.
    init(_ text: String) throws(CertificateError) {
        if let octets = AddressText.octets(of: text) {
            self = .address(octets)
            return
        }
        var host = text.lowercased()
        if host.hasSuffix(".") {
            host.removeLast()
        }
        // Judged before lower-casing too, which turns other letters (the Kelvin sign) into ASCII.
        guard text.utf8.allSatisfy({ $0 < 0x80 }), Self.isName(host) else {
            throw CertificateError(
                .invalidHost, "a host is a DNS name or an IP address: not '\(text)'")
        }
        self = .dns(host)
    }

    private static func isName(_ host: String) -> Bool {
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // A last label of digits only would be a mistyped address.
        guard host.utf8.count <= self.maximumLength, let last = labels.last,
            last.contains(where: { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return false }
        return labels.allSatisfy { label in
            !label.isEmpty && label.count <= self.maximumLabelLength
                && label.allSatisfy(self.isAllowed)
                && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
