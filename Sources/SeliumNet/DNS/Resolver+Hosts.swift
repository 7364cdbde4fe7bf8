extension Resolver {
    /// The addresses of a host, best first (RFC 6724): an address literal is itself and asks nobody;
    /// then the hosts file, the special names of RFC 6761, and DNS with the search list.
    ///
    /// - Parameters:
    ///   - host: a name, or an address literal.
    ///   - families: which addresses are wanted.
    ///   - duration: how long it may take in all; nil: as long as the configuration allows.
    ///   - shutdown: ends it when it fires.
    /// - Returns: at least one address.
    /// - Throws: `.invalidName` for a text that is neither, and as ``answer(to:within:until:)``.
    public func lookupHost(
        _ host: String, families: AddressFamilies = .both, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [IPAddress] {
        if let literal = IPAddress(host) {
            guard families.contains(literal) else { throw DNSError(.noData, host) }
            return [literal]
        }
        let name = try Self.hostName(host)
        let found = try await addresses(of: name, families, within: duration, until: shutdown)
        return Self.sorted(try allowed(found))
    }

    /// The IPv4 addresses of a host; see ``lookupHost(_:families:within:until:)``.
    public func lookupHostV4(
        _ host: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [IPv4Address] {
        try await lookupHost(host, families: .v4, within: duration, until: shutdown).compactMap {
            if case .v4(let address) = $0 { address } else { nil }
        }
    }

    /// The IPv6 addresses of a host; see ``lookupHost(_:families:within:until:)``.
    public func lookupHostV6(
        _ host: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [IPv6Address] {
        try await lookupHost(host, families: .v6, within: duration, until: shutdown).compactMap {
            if case .v6(let address) = $0 { address } else { nil }
        }
    }

    /// The addresses of a host with a port.
    public func resolve(
        _ host: String, port: UInt16, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [SocketAddress] {
        try await lookupHost(host, within: duration, until: shutdown).map {
            SocketAddress($0, port: port)
        }
    }

    /// The name of an address: the hosts file's first, else the first that DNS has (RFC 1035
    /// section 3.5). Anybody may write any name there; look up its addresses before believing it.
    ///
    /// - Throws: `.notFound` when it has none; `.refused` unless the authority allows to resolve the
    ///   address; else as ``answer(to:within:until:)``.
    public func lookupAddress(
        _ address: IPAddress, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> DNSName {
        try require(address)
        if let known = knownName(of: address) { return DNSName(known) }
        let names = try await lookupPTR(address, within: duration, until: shutdown)
        guard let first = names.first else { throw DNSError(.notFound, address.description) }
        return first
    }

    /// All names that DNS has for an address; see ``lookupAddress(_:within:until:)``.
    public func lookupPTR(
        _ address: IPAddress, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(DNSError) -> [DNSName] {
        try require(address)
        do throws(DNSError) {
            return try await ask(
                DNSQuestion(DNSName(reverseOf: address), .ptr), within: duration, until: shutdown
            ).records.compactMap { if case .ptr(let name) = $0.data { name } else { nil } }
        } catch {
            switch error.code {
            case .hostNotFound, .noData: throw DNSError(.notFound, address.description)
            default: throw error
            }
        }
    }

    /// The addresses of a name that the authority allows to ask for.
    private func addresses(
        of name: HostName, _ families: AddressFamilies, within duration: Duration?,
        until shutdown: ShutdownToken?
    ) async throws(DNSError) -> [IPAddress] {
        try require(name.text)
        return try await hostAnswer(
            authority.granted(name), families, within: duration, until: shutdown
        ).addresses
    }

    private static func sorted(_ addresses: [IPAddress]) -> [IPAddress] {
        guard addresses.count > 1 else { return addresses }
        return AddressOrder.sorted(addresses, source: SourceAddress.forReaching)
    }

    static func hostName(_ text: String) throws(DNSError) -> HostName {
        do throws(AddressError) {
            return try HostName(parsing: text)
        } catch {
            throw DNSError(.invalidName, error.description)
        }
    }
}

extension Resolver: NameResolver {
    /// As ``lookupHost(_:families:within:until:)`` for who checks each address himself before he uses
    /// it, as ``Network`` does.
    public func addresses(
        of name: HostName, within duration: Duration?, until shutdown: ShutdownToken?
    ) async throws(NetError) -> [IPAddress] {
        do throws(DNSError) {
            return Self.sorted(
                try await addresses(of: name, .both, within: duration, until: shutdown))
        } catch {
            throw NetError(error)
        }
    }
}

extension NetError {
    /// What a failed lookup means for who wanted to connect.
    init(_ error: DNSError) {
        let code: Code =
            switch (error.interruption, error.code) {
            case (.cancelled, _): .cancelled
            case (.shutDown, _): .shutDown
            case (nil, .notFound), (nil, .hostNotFound), (nil, .noData): .unknownName
            case (nil, .invalidName): .invalidAddress
            case (nil, .timeout): .timedOut
            case (nil, .tryAgain): .exhausted
            case (nil, .refused) where error.denial != nil: .denied
            case (nil, _): .temporaryNameFailure
            }
        self.init(
            code, doing: .resolve, denial: error.denial,
            detail: error.interruption == nil && error.denial == nil ? error.description : nil)
    }
}
