extension ResolverMachine {
    /// Asks for the addresses of a host: the hosts file, names that are special, then each name that
    /// the search list makes of it, both families at once. Throws `tryAgain` when too many lookups
    /// are under way.
    public mutating func lookUpHost(
        _ host: HostName, families: AddressFamilies = .both, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(DNSError) -> DNSLookup {
        let lookup = try newLookup()
        if let outcome = knownOutcome(host, families) {
            outcomes.append((lookup, outcome))
            return lookup
        }
        let id = HostQueryID(number: nextNumber())
        lookups[lookup] = .host(id)
        hostQueries[id] = HostQuery(
            lookup: lookup, candidates: configuration.candidates(for: host), families: families)
        askCandidate(id, now: now, using: &random)
        return lookup
    }

    /// The host that an address belongs to by the hosts file; nil leaves it to DNS, where
    /// ``DNSName/init(reverseOf:)`` is asked for.
    public func knownName(of address: IPAddress) -> HostName? {
        hosts.name(of: address)
    }

    private func knownOutcome(_ host: HostName, _ families: AddressFamilies) -> DNSOutcome? {
        let name = DNSName(host)
        let known = hosts.addresses(of: host).filter(families.contains)
        if !known.isEmpty {
            return .addresses(HostAnswer(canonicalName: name, addresses: known, ttl: nil))
        }
        switch SpecialName(name) {
        case nil: return nil
        case .nonexistent: return .failed(DNSError(.hostNotFound, name.description))
        case .loopback:
            return .addresses(
                HostAnswer(
                    canonicalName: name,
                    addresses: SpecialName.loopbackAddresses.filter(families.contains), ttl: nil))
        }
    }

    private mutating func askCandidate(
        _ id: HostQueryID, now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        guard var query = hostQueries[id] else { return }
        let types = query.families.types
        query.pending = types
        query.answers = [:]
        hostQueries[id] = query
        let index = query.index
        for type in types {
            // A cached answer may have moved the query on to its next name, or ended it.
            guard hostQueries[id]?.index == index else { return }
            ask(query.question(type), for: .host(id, type), now: now, using: &random)
        }
    }

    /// One family's answer.
    mutating func receiveHostPart(
        _ id: HostQueryID, _ type: DNSRecordType, _ result: Result<DNSAnswer, DNSError>,
        now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        guard var query = hostQueries[id] else { return }
        query.pending.removeAll { $0 == type }
        switch result {
        case .success(let answer): query.answers[type] = answer
        case .failure(let error): query.note(error)
        }
        hostQueries[id] = query
        guard query.pending.isEmpty else { return }
        let answers = query.families.types.compactMap { query.answers[$0] }
        if let first = answers.first {
            finish(
                id,
                .addresses(
                    HostAnswer(
                        canonicalName: first.canonicalName,
                        addresses: answers.flatMap(\.addresses), ttl: answers.map(\.ttl).min())))
        } else if query.index + 1 < query.candidates.count, query.mayGoOn {
            hostQueries[id]?.index += 1
            askCandidate(id, now: now, using: &random)
        } else {
            finish(id, .failed(query.failure ?? DNSError(.hostNotFound)))
        }
    }

    private mutating func finish(_ id: HostQueryID, _ outcome: DNSOutcome) {
        guard let query = hostQueries.removeValue(forKey: id),
            lookups.removeValue(forKey: query.lookup) != nil
        else { return }
        outcomes.append((query.lookup, outcome))
    }
}

extension ResolverMachine.HostQuery {
    /// Keeps the error that says most: a failure before "no such record" before "no such name".
    fileprivate mutating func note(_ error: DNSError) {
        func weight(_ code: DNSError.Code) -> Int {
            switch code {
            case .hostNotFound: 0
            case .noData: 1
            default: 2
            }
        }
        guard let failure, weight(failure.code) >= weight(error.code) else {
            failure = error
            return
        }
    }

    /// The next name is tried unless the servers are out of reach, or we are overloaded: then every
    /// further name would only take as long.
    fileprivate var mayGoOn: Bool {
        switch failure?.code {
        case .timeout, .networkError, .tryAgain: false
        default: true
        }
    }
}
