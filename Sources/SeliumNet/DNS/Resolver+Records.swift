extension Resolver {
    /// The records of a name and type. The name is absolute and may have any bytes, written as zone files
    /// do; the hosts file plays no part.
    ///
    /// - Returns: at least one record.
    /// - Throws: `.invalidName`, and as ``answer(to:within:until:)``.
    public func query(
        _ name: String, _ type: DNSRecordType, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecord] {
        try await answer(
            to: DNSQuestion(try Self.name(name), type), within: duration, until: shutdown
        ).records
    }

    /// The IPv4 addresses in DNS.
    public func lookupA(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [IPv4Address] {
        try await query(name, .a, within: duration, until: shutdown).compactMap {
            if case .a(let address) = $0.data { address } else { nil }
        }
    }

    /// The IPv6 addresses in DNS.
    public func lookupAAAA(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [IPv6Address] {
        try await query(name, .aaaa, within: duration, until: shutdown).compactMap {
            if case .aaaa(let address) = $0.data { address } else { nil }
        }
    }

    /// What a name is an alias of; it is not followed.
    public func lookupCNAME(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSName] {
        try await query(name, .cname, within: duration, until: shutdown).compactMap {
            if case .cname(let name) = $0.data { name } else { nil }
        }
    }

    /// The mail exchanges of a domain, the most preferred first.
    public func lookupMX(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.MX] {
        try await query(name, .mx, within: duration, until: shutdown).compactMap {
            if case .mx(let exchange) = $0.data { exchange } else { nil }
        }.sorted { $0.priority < $1.priority }
    }

    /// The texts of a name.
    public func lookupTXT(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.TXT] {
        try await query(name, .txt, within: duration, until: shutdown).compactMap {
            if case .txt(let text) = $0.data { text } else { nil }
        }
    }

    /// The name servers of a zone.
    public func lookupNS(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSName] {
        try await query(name, .ns, within: duration, until: shutdown).compactMap {
            if case .ns(let name) = $0.data { name } else { nil }
        }
    }

    /// The start of a zone.
    public func lookupSOA(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> DNSRecordData.SOA {
        for record in try await query(name, .soa, within: duration, until: shutdown) {
            if case .soa(let start) = record.data { return start }
        }
        throw DNSError(.noData, name)
    }

    /// The places of a service in the order they are to be tried: by priority, then by lot (RFC 2782).
    ///
    /// - Parameters:
    ///   - service: `imap` or `_imap`.
    ///   - transport: `tcp` or `_tcp`.
    ///   - domain: whose service.
    ///   - duration: how long it may take.
    ///   - shutdown: ends it too.
    /// - Returns: none when the domain says that it has no such service.
    public func lookupSRV(
        _ service: String, _ transport: String, _ domain: String, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.SRV] {
        let domain = try Self.hostName(domain)
        let name = try Self.name { () throws(DNSFormatError) in
            try DNSName(service: service, over: transport, in: domain)
        }
        var random = SystemRandom()
        return try await answer(
            to: DNSQuestion(name, .srv), within: duration, until: shutdown
        ).records.compactMap {
            if case .srv(let place) = $0.data, !place.target.isRoot { place } else { nil }
        }.ordered(using: &random)
    }

    /// The rules of a name that rewrite it, in the order in which they are applied (RFC 3403).
    public func lookupNAPTR(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.NAPTR] {
        try await query(name, .naptr, within: duration, until: shutdown).compactMap {
            if case .naptr(let rule) = $0.data { rule } else { nil }
        }.sorted { ($0.order, $0.preference) < ($1.order, $1.preference) }
    }

    /// Who may issue certificates for a name: the records of the name itself or of the nearest name
    /// above it that has some (RFC 8659 section 3). Each name is asked for at the authority.
    ///
    /// - Returns: none when anybody may.
    public func lookupCAA(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.CAA] {
        let deadline = Monotonic.deadline(in: duration)
        var next: DNSName? = try Self.name(name)
        while let name = next, !name.isRoot {
            do throws(DNSError) {
                return try await answer(
                    to: DNSQuestion(name, .caa), within: deadline.map(Monotonic.remaining(until:)),
                    until: shutdown
                ).records.compactMap {
                    if case .caa(let property) = $0.data { property } else { nil }
                }
            } catch {
                guard error.code == .noData || error.code == .hostNotFound else { throw error }
            }
            next = name.parent
        }
        return []
    }

    /// Which certificate or key the TLS server at a port has (RFC 6698). Believe it only when
    /// `DNSAnswer.isAuthentic` says so, which ``answer(to:within:until:)`` tells.
    public func lookupTLSA(
        _ host: String, port: UInt16, over transport: String = "tcp",
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSRecordData.TLSA] {
        let host = try Self.hostName(host)
        let name = try Self.name { () throws(DNSFormatError) in
            try DNSName(service: String(port), over: transport, in: host)
        }
        return try await answer(
            to: DNSQuestion(name, .tlsa), within: duration, until: shutdown
        ).records.compactMap {
            if case .tlsa(let association) = $0.data { association } else { nil }
        }
    }

    /// The service bindings of a name, the most preferred first (RFC 9460).
    public func lookupSVCB(
        _ name: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [ServiceBinding] {
        try await query(name, .svcb, within: duration, until: shutdown).compactMap {
            if case .svcb(let binding) = $0.data { binding } else { nil }
        }.sorted { $0.priority < $1.priority }
    }

    /// The service bindings of an HTTPS origin, the most preferred first (RFC 9460 section 9).
    public func lookupHTTPS(
        _ host: String, port: UInt16 = 443, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [ServiceBinding] {
        let host = try Self.hostName(host)
        let name = try Self.name { () throws(DNSFormatError) in
            try DNSName(bindingOf: "https", host: host, port: port)
        }
        return try await answer(
            to: DNSQuestion(name, .https), within: duration, until: shutdown
        ).records.compactMap {
            if case .https(let binding) = $0.data { binding } else { nil }
        }.sorted { $0.priority < $1.priority }
    }

    private static func name(_ text: String) throws(DNSError) -> DNSName {
        try name { () throws(DNSFormatError) in try DNSName(parsing: text) }
    }

    private static func name(
        _ make: () throws(DNSFormatError) -> DNSName
    ) throws(DNSError) -> DNSName {
        do throws(DNSFormatError) {
            return try make()
        } catch {
            throw DNSError(.invalidName, error.description)
        }
    }
}
