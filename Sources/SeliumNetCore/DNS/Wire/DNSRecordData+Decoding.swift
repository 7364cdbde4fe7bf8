extension DNSRecordData {
    /// Reads the data of a record, whose bytes the reader is bounded to. Names are followed out of
    /// it where senders compress them: in the types of RFC 1035, and in SRV and NAPTR, where they
    /// should not (RFC 2782) but some do.
    init(
        _ type: DNSRecordType, in place: DNSClass, _ reader: inout DNSReader,
        _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        guard place == .internet else {
            self = .unknown(type, try reader.bytes(reader.remaining, message))
            return
        }
        switch type {
        case .a: self = .a(try Self.address(of: 4, &reader, message, IPv4Address.init(octets:)))
        case .aaaa:
            self = .aaaa(
                try Self.address(of: 16, &reader, message) { octets in
                    IPv6Address(octets: octets)
                })
        case .ns: self = .ns(try reader.name(message))
        case .cname: self = .cname(try reader.name(message))
        case .dname: self = .dname(try reader.name(message))
        case .ptr: self = .ptr(try reader.name(message))
        case .soa: self = .soa(try SOA(&reader, message))
        case .mx:
            self = .mx(
                MX(priority: try reader.uint16(message), exchange: try reader.name(message)))
        case .txt: self = .txt(try TXT(&reader, message))
        case .srv: self = .srv(try SRV(&reader, message))
        case .naptr: self = .naptr(try NAPTR(&reader, message))
        case .tlsa: self = .tlsa(try TLSA(&reader, message))
        case .svcb: self = .svcb(try ServiceBinding(&reader, message))
        case .https: self = .https(try ServiceBinding(&reader, message))
        case .caa: self = .caa(try CAA(&reader, message))
        default: self = .unknown(type, try reader.bytes(reader.remaining, message))
        }
    }

    private static func address<Address>(
        of count: Int, _ reader: inout DNSReader, _ message: Span<UInt8>,
        _ make: ([UInt8]) -> Address?
    ) throws(DNSFormatError) -> Address {
        guard reader.remaining == count, let address = make(try reader.bytes(count, message)) else {
            throw DNSFormatError(.badRecordLength, at: reader.offset)
        }
        return address
    }
}

extension DNSRecordData.SOA {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        primary = try reader.name(message)
        mailbox = try reader.name(message)
        serial = try reader.uint32(message)
        refresh = try reader.uint32(message)
        retry = try reader.uint32(message)
        expire = try reader.uint32(message)
        minimum = try reader.uint32(message)
    }
}

extension DNSRecordData.TXT {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        strings = []
        // One or more (RFC 1035 section 3.3.14).
        repeat { strings.append(try reader.string(message)) } while reader.remaining > 0
    }
}

extension DNSRecordData.SRV {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        priority = try reader.uint16(message)
        weight = try reader.uint16(message)
        port = try reader.uint16(message)
        target = try reader.name(message)
    }
}

extension DNSRecordData.NAPTR {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        order = try reader.uint16(message)
        preference = try reader.uint16(message)
        flags = try reader.string(message)
        services = try reader.string(message)
        regularExpression = try reader.string(message)
        replacement = try reader.name(message)
    }
}

extension DNSRecordData.TLSA {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        usage = try reader.uint8(message)
        selector = try reader.uint8(message)
        matchingType = try reader.uint8(message)
        association = try reader.bytes(reader.remaining, message)
    }
}

extension DNSRecordData.CAA {
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        flags = try reader.uint8(message)
        let start = reader.offset
        let bytes = try reader.string(message)
        // RFC 8659 section 4.1: at least one letter or digit, nothing else.
        guard !bytes.isEmpty, bytes.allSatisfy(Self.isTagByte) else {
            throw DNSFormatError(.badValue, at: start)
        }
        tag = String(decoding: bytes, as: UTF8.self)
        value = try reader.bytes(reader.remaining, message)
    }

    static func isTagByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}

extension ServiceBinding {
    /// RFC 9460 section 2.2: the target is not compressed, keys come in strictly rising order. The
    /// parameters of an alias are dropped, whatever they say (section 2.4.2).
    fileprivate init(
        _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        let priority = try reader.uint16(message)
        let target = try reader.name(message, allowsPointers: false)
        var parameters: [(key: Key, value: [UInt8])] = []
        while reader.remaining > 0 {
            let start = reader.offset
            let key = Key(rawValue: try reader.uint16(message))
            let length = Int(try reader.uint16(message))
            guard parameters.last.map({ $0.key < key }) ?? true else {
                throw DNSFormatError(.badValue, at: start)
            }
            parameters.append((key, try reader.bytes(length, message)))
        }
        do throws(DNSFormatError) {
            try self.init(
                priority: priority, target: target, parameters: priority == 0 ? [] : parameters)
        } catch {
            throw DNSFormatError(.badValue, at: reader.offset)
        }
    }
}
