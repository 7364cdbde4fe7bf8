extension DNSRecordData: CustomStringConvertible {
    /// The data as zone files write it (RFC 1035 section 5.1 and the documents of each type), names
    /// without their trailing dot. All bytes outside visible ASCII are escaped.
    public var description: String {
        switch self {
        case .a(let address): address.description
        case .aaaa(let address): address.description
        case .ns(let name), .cname(let name), .dname(let name), .ptr(let name): name.description
        case .soa(let soa):
            "\(soa.primary) \(soa.mailbox) \(soa.serial) \(soa.refresh) \(soa.retry) "
                + "\(soa.expire) \(soa.minimum)"
        case .mx(let mx): "\(mx.priority) \(mx.exchange)"
        case .txt(let txt): txt.strings.map { DNSText.quoted($0) }.joined(separator: " ")
        case .srv(let srv): "\(srv.priority) \(srv.weight) \(srv.port) \(srv.target)"
        case .naptr(let rule):
            "\(rule.order) \(rule.preference) \(DNSText.quoted(rule.flags)) "
                + "\(DNSText.quoted(rule.services)) \(DNSText.quoted(rule.regularExpression)) "
                + "\(rule.replacement)"
        case .tlsa(let tlsa):
            "\(tlsa.usage) \(tlsa.selector) \(tlsa.matchingType) "
                + DNSText.hexadecimal(tlsa.association)
        case .svcb(let binding), .https(let binding): binding.description
        case .caa(let caa): "\(caa.flags) \(caa.tag) \(DNSText.quoted(caa.value))"
        case .unknown(_, let bytes):
            // RFC 3597 section 5.
            bytes.isEmpty ? "\\# 0" : "\\# \(bytes.count) \(DNSText.hexadecimal(bytes))"
        }
    }
}

extension ServiceBinding: CustomStringConvertible {
    /// The binding as zone files write it, every parameter by its number (RFC 9460 section 2.1:
    /// `keyNNNNN`, which any reader takes).
    public var description: String {
        var text = "\(priority) \(target)"
        for parameter in parameters {
            text += " key\(parameter.key.rawValue)"
            if !parameter.value.isEmpty { text += "=\(DNSText.quoted(parameter.value))" }
        }
        return text
    }
}
