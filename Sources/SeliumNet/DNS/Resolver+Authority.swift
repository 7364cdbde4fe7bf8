extension Resolver {
    /// Asks the authority for a name.
    func require(_ name: DNSName) throws(DNSError) {
        guard authority.grants != nil else { return }
        try require(name.lowercased.description)
    }

    /// Asks the authority for a name as it is written in lower case.
    func require(_ name: String) throws(DNSError) {
        if case .denied(let denial) = authority.check(.resolve, .name(name)) {
            throw DNSError(.refused, denial.description, denial: denial)
        }
    }

    /// Asks the authority for the name of an address.
    func require(_ address: IPAddress) throws(DNSError) {
        if let denial = authority.denialOfResolved(address, ofGrantedName: false) {
            throw DNSError(.refused, denial.description, denial: denial)
        }
    }

    /// Leaves the addresses that may be told.
    ///
    /// - Throws: `.refused` when there were some and none is left.
    func allowed(_ addresses: [IPAddress]) throws(DNSError) -> [IPAddress] {
        guard authority.grants != nil else { return addresses }
        var denied: NetworkDenial?
        let allowed = addresses.filter { address in
            let denial = authority.denialOfResolved(address, ofGrantedName: true)
            denied = denied ?? denial
            return denial == nil
        }
        if allowed.isEmpty, let denied {
            throw DNSError(.refused, denied.description, denial: denied)
        }
        return allowed
    }

    /// Leaves the records whose addresses may be told.
    func keepAllowed(_ answer: inout DNSAnswer) throws(DNSError) {
        guard authority.grants != nil, !answer.addresses.isEmpty else { return }
        let allowed = Set(try allowed(answer.addresses))
        answer.records.removeAll { record in
            switch record.data {
            case .a(let address): !allowed.contains(.v4(address))
            case .aaaa(let address): !allowed.contains(.v6(address))
            default: false
            }
        }
    }
}

extension NetworkAuthority {
    /// What keeps an address from being told that a name has led to, nil if nothing does. A grant for a
    /// name reaches global addresses; any other needs a grant to resolve to its range.
    func denialOfResolved(_ address: IPAddress, ofGrantedName: Bool) -> NetworkDenial? {
        if ofGrantedName, address.isGlobal { return nil }
        // No transport and no port yet: a grant that names one is for another question.
        let target = NetworkTarget.socket(.udp, SocketAddress(address, port: 0))
        guard case .denied(let denial) = check(.resolve, target) else { return nil }
        return denial
    }

    /// A name as it is asked for. Under grants it is that name and no other: a search list would make
    /// another of it.
    func granted(_ name: HostName) -> HostName {
        guard grants != nil, let absolute = HostName(name.text + ".") else { return name }
        return absolute
    }
}
