internal import SeliumNetCore

/// The name a client insists on, in the form certificates are compared with.
enum ServerName {
    /// Longest DNS name in text form without its trailing dot (RFC 1035 §2.3.4).
    private static let maximumLength = 253
    /// Longest label (RFC 1035 §2.3.4).
    private static let maximumLabelLength = 63

    /// An IP address in canonical text without brackets and interface, or a host name in lower case
    /// without its trailing dot (RFC 6066 §3 forbids it in SNI, and no certificate has one).
    static func normalised(_ text: String) throws(TLSError) -> String {
        if let address = self.address(in: text) {
            return address
        }
        var host = text.lowercased()
        if host.hasSuffix(".") {
            host.removeLast()
        }
        // Judged before lower-casing too, which turns other letters (the Kelvin sign) into ASCII.
        guard text.utf8.allSatisfy({ $0 < 0x80 }), self.isHostName(host) else {
            throw TLSError(
                .invalidServerName, "the server's name is neither a host name nor an address")
        }
        return host
    }

    private static func address(in text: String) -> String? {
        var inner = text[...]
        if inner.hasPrefix("["), inner.hasSuffix("]") {
            inner = inner.dropFirst().dropLast()
        }
        // The interface of a link-local address says how to get there, not who answers.
        if let percent = inner.firstIndex(of: "%") {
            inner = inner[..<percent]
        }
        return IPAddress(String(inner))?.description
    }

    /// Letters, digits, hyphens and underscores in labels of 1 to 63; the last not all digits, which
    /// would be a mistyped address (RFC 3696 §2).
    private static func isHostName(_ host: String) -> Bool {
        guard !host.isEmpty, host.utf8.count <= self.maximumLength else { return false }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, last.contains(where: { !self.isDigit($0) }) else {
            return false
        }
        return labels.allSatisfy { label in
            !label.isEmpty && label.count <= self.maximumLabelLength
                && label.allSatisfy(self.isAllowed)
                && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        self.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
