extension DNSName {
    /// Where the SRV records of a service are: `_imap._tcp.example.com` (RFC 2782). The underscores
    /// may be written or left out.
    public init(
        service: some StringProtocol, over transport: some StringProtocol, in domain: HostName
    ) throws(DNSFormatError) {
        let labels = try [Self.attribute(service), Self.attribute(transport)]
        try self.init(labels: labels + DNSName(domain).labels.map(Array.init))
    }

    /// Where the service binding of a scheme's host and port is (RFC 9460 section 2.3): with port and
    /// scheme in front, `_8443._foo.example.com`. For `https` that is TYPE65, and port 443 needs
    /// nothing in front (section 9.1).
    public init(
        bindingOf scheme: some StringProtocol, host: HostName, port: UInt16
    ) throws(DNSFormatError) {
        if scheme == "https", port == 443 {
            self.init(host)
        } else {
            try self.init(service: String(port), over: scheme, in: host)
        }
    }

    /// One label that begins with an underscore (RFC 8552).
    private static func attribute(_ text: some StringProtocol) throws(DNSFormatError) -> [UInt8] {
        let underscore = UInt8(ascii: "_")
        let bytes = Array(text.utf8)
        let label = bytes.first == underscore ? bytes : [underscore] + bytes
        guard label.count > 1, label.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2E }) else {
            throw DNSFormatError(.badText, at: 0)
        }
        return label
    }
}
