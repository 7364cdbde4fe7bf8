extension DNSMessage {
    /// The message on the wire, names compressed where their types allow it.
    ///
    /// Throws when it does not fit into `limit` bytes, when a field has no form on the wire (strings
    /// beyond 255 bytes), or when the response code needs EDNS and there is none.
    public func encoded(
        limit: Int = DNSMessage.maximumLength, compressing: Bool = true
    ) throws(DNSFormatError) -> [UInt8] {
        var writer = DNSWriter(compresses: compressing)
        guard edns != nil || responseCode.rawValue < 16 else {
            throw DNSFormatError(.needsEDNS, at: 2)
        }
        writer.uint16(id)
        writer.uint16(
            flags.intersection(.known).rawValue | UInt16(opcode & 0xF) << 11
                | responseCode.rawValue & 0xF)
        for count in [
            questions.count, answers.count, authorities.count,
            additionals.count + (edns == nil ? 0 : 1),
        ] {
            guard let count = UInt16(exactly: count) else {
                throw DNSFormatError(.messageTooLong, at: writer.bytes.count)
            }
            writer.uint16(count)
        }
        for question in questions {
            writer.name(question.name)
            writer.uint16(question.type.rawValue)
            writer.uint16(question.recordClass.rawValue)
        }
        for section in [answers, authorities, additionals] {
            for record in section {
                try record.write(to: &writer)
                guard writer.bytes.count <= limit else {
                    throw DNSFormatError(.messageTooLong, at: limit)
                }
            }
        }
        try edns?.write(to: &writer, highResponseCode: responseCode.rawValue >> 4)
        guard writer.bytes.count <= min(limit, Self.maximumLength) else {
            throw DNSFormatError(.messageTooLong, at: limit)
        }
        return writer.bytes
    }
}

extension EDNS {
    fileprivate func write(
        to writer: inout DNSWriter, highResponseCode: UInt16
    ) throws(DNSFormatError) {
        writer.uint8(0)
        writer.uint16(DNSRecordType.opt.rawValue)
        writer.uint16(payloadSize)
        writer.uint8(UInt8(truncatingIfNeeded: highResponseCode))
        writer.uint8(version)
        writer.uint16(wantsSecurity ? 0x8000 : 0)
        let options = options
        try writer.counted { (writer) throws(DNSFormatError) in
            for option in options {
                writer.uint16(option.code)
                try writer.counted { (writer) throws(DNSFormatError) in writer.append(option.value)
                }
            }
        }
    }
}

extension DNSRecord {
    fileprivate func write(to writer: inout DNSWriter) throws(DNSFormatError) {
        writer.name(name)
        writer.uint16(type.rawValue)
        writer.uint16(recordClass.rawValue)
        writer.uint32(min(ttl, UInt32(Int32.max)))
        let data = data
        try writer.counted { (writer) throws(DNSFormatError) in try data.write(to: &writer) }
    }
}

extension DNSRecordData {
    /// Only the types of RFC 1035 have compressed names (RFC 3597 section 4).
    fileprivate func write(to writer: inout DNSWriter) throws(DNSFormatError) {
        switch self {
        case .a(let address): for index in 0..<4 { writer.uint8(address.octets[index]) }
        case .aaaa(let address): for index in 0..<16 { writer.uint8(address.octets[index]) }
        case .ns(let name), .cname(let name), .ptr(let name): writer.name(name)
        case .dname(let name): writer.name(name, mayCompress: false)
        case .soa(let soa):
            writer.name(soa.primary)
            writer.name(soa.mailbox)
            for value in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] {
                writer.uint32(value)
            }
        case .mx(let mx):
            writer.uint16(mx.priority)
            writer.name(mx.exchange)
        case .txt(let txt): try txt.write(to: &writer)
        case .srv(let srv):
            for value in [srv.priority, srv.weight, srv.port] { writer.uint16(value) }
            writer.name(srv.target, mayCompress: false)
        case .naptr(let rule):
            writer.uint16(rule.order)
            writer.uint16(rule.preference)
            for text in [rule.flags, rule.services, rule.regularExpression] {
                try writer.string(text)
            }
            writer.name(rule.replacement, mayCompress: false)
        case .tlsa(let tlsa):
            writer.append([tlsa.usage, tlsa.selector, tlsa.matchingType])
            writer.append(tlsa.association)
        case .svcb(let binding), .https(let binding): try binding.write(to: &writer)
        case .caa(let caa):
            guard !caa.tag.isEmpty, caa.tag.utf8.allSatisfy(CAA.isTagByte) else {
                throw DNSFormatError(.badValue, at: writer.bytes.count)
            }
            writer.uint8(caa.flags)
            try writer.string(Array(caa.tag.utf8))
            writer.append(caa.value)
        case .unknown(_, let bytes): writer.append(bytes)
        }
    }
}

extension DNSRecordData.TXT {
    fileprivate func write(to writer: inout DNSWriter) throws(DNSFormatError) {
        if strings.isEmpty { writer.uint8(0) }
        for string in strings {
            var rest = string[...]
            repeat {
                try writer.string(rest.prefix(255))
                rest = rest.dropFirst(255)
            } while !rest.isEmpty
        }
    }
}

extension ServiceBinding {
    fileprivate func write(to writer: inout DNSWriter) throws(DNSFormatError) {
        writer.uint16(priority)
        writer.name(target, mayCompress: false)
        for parameter in parameters {
            writer.uint16(parameter.key.rawValue)
            try writer.counted { (writer) throws(DNSFormatError) in
                writer.append(parameter.value)
            }
        }
    }
}
