extension ResolverMachine {
    /// Begins a question, joins one under way, or answers from the cache.
    mutating func ask(
        _ question: DNSQuestion, for waiter: Waiter, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        if let entry = cache.find(question, now: now) {
            deliver(Self.result(entry, question), to: waiter, now: now, using: &random)
            return
        }
        if let id = flightByQuestion[question] {
            flights[id]?.waiters.append(waiter)
            return
        }
        guard !isFull() else {
            deliver(.failure(DNSError(.tryAgain)), to: waiter, now: now, using: &random)
            return
        }
        let id = FlightID(number: nextNumber())
        flights[id] = Flight(
            question: question, waiters: [waiter], name: question.name,
            order: serverOrder(now: now, using: &random), mixesCase: configuration.mixesCase,
            usesStream: configuration.usesStreams)
        flightByQuestion[question] = id
        transmit(id, now: now, using: &random)
    }

    private static func result(
        _ entry: DNSCache.Entry, _ question: DNSQuestion
    ) -> Result<DNSAnswer, DNSError> {
        switch entry {
        case .answer(let answer): .success(answer)
        case .nothing(let code): .failure(DNSError(code, question.description))
        }
    }

    /// As configured, or turned by a random amount; those that did not answer lately at the end.
    private func serverOrder(
        now: UInt64, using random: inout some RandomNumberGenerator
    ) -> [Int] {
        let count = servers.count
        let first = configuration.rotates ? Int.random(in: 0..<count, using: &random) : 0
        let order = (0..<count).map { (first + $0) % count }
        return order.filter { servers[$0].failingUntil <= now }
            + order.filter { servers[$0].failingUntil > now }
    }

    /// Sends the flight's question to the server whose turn it is.
    mutating func transmit(
        _ id: FlightID, now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        guard var flight = flights[id] else { return }
        guard flight.transmissions < Self.maximumTransmissions else {
            finish(
                id, .failure(flight.failure ?? DNSError(.noRecovery, flight.question.description)),
                now: now, using: &random)
            return
        }
        let number = flight.server
        prepareCookie(of: number, using: &random)
        let server = servers[number]
        let isStream = flight.usesStream || !server.isPlain
        let isMixed = flight.mixesCase && !isStream
        let name = isMixed ? DNSQuery.mixingCase(flight.name, using: &random) : flight.name
        let question = DNSQuestion(
            name, flight.question.type, recordClass: flight.question.recordClass)
        let edns = edns(for: server)
        let expectation = DNSExpectation(
            id: freeMessageID(using: &random), question: question, isCaseExact: isMixed,
            spelling: isMixed ? flight.name : nil,
            clientCookie: edns?.cookie.map { Array($0.client) },
            isCookieRequired: !server.serverCookie.isEmpty, isStream: isStream)
        let transmission = DNSTransmission(
            id: DNSTransmission.ID(number: nextNumber()), server: server.server, isStream: isStream,
            message: DNSQuery.message(
                id: expectation.id, question, edns: edns, isPadded: !server.isPlain,
                asksIfAuthentic: configuration.trustsAuthenticData),
            deadline: now.addingReportingOverflow(configuration.timeout).partialValue)
        attempts[transmission.id] = Attempt(
            flight: id, server: number, expectation: expectation, speaksEDNS: edns != nil)
        attemptByMessageID[expectation.id] = transmission.id
        if flight.outstanding.count == Self.maximumOutstanding {
            removeAttempt(flight.outstanding.removeFirst())
        }
        flight.outstanding.append(transmission.id)
        flight.transmissions += 1
        flights[id] = flight
        transmissions.append(transmission)
        deadlines.append((transmission.deadline, transmission.id))
        compactDeadlines()
    }

    /// Our cookie for a server is made once: it may not tell one server what another got
    /// (RFC 7873 section 4.1).
    private mutating func prepareCookie(
        of number: Int, using random: inout some RandomNumberGenerator
    ) {
        guard servers[number].isPlain, servers[number].clientCookie.isEmpty else { return }
        let word = random.next()
        servers[number].clientCookie = (0..<8).map {
            UInt8(truncatingIfNeeded: word >> UInt64(8 * $0))
        }
    }

    private func edns(for server: ServerState) -> EDNS? {
        guard configuration.usesEDNS, server.speaksEDNS else { return nil }
        guard server.isPlain else { return EDNS() }
        let cookie = EDNS.Option(
            code: EDNS.Option.cookieCode, value: server.clientCookie + server.serverCookie)
        return EDNS(options: [cookie])
    }

    /// One that no message under way has. Far fewer are in use than there are, see
    /// ``greatestMaximumQuestions``.
    private func freeMessageID(using random: inout some RandomNumberGenerator) -> UInt16 {
        var id = UInt16.random(in: 0...UInt16.max, using: &random)
        while attemptByMessageID[id] != nil { id &+= 1 }
        return id
    }

    /// Deadlines of answered messages are dropped once they are the most: memory follows what is
    /// under way, not what was.
    private mutating func compactDeadlines() {
        guard deadlines.count > 4 * attempts.count + 64 else { return }
        let living = attempts
        deadlines.removeAll { living[$0.id] == nil }
    }

    mutating func removeAttempt(_ id: DNSTransmission.ID) {
        guard let attempt = attempts.removeValue(forKey: id) else { return }
        attemptByMessageID[attempt.expectation.id] = nil
    }

    mutating func removeFlight(_ id: FlightID) -> Flight? {
        guard let flight = flights.removeValue(forKey: id) else { return nil }
        flightByQuestion[flight.question] = nil
        for attempt in flight.outstanding { removeAttempt(attempt) }
        return flight
    }

    /// Ends a question and tells everybody who waits.
    mutating func finish(
        _ id: FlightID, _ result: Result<DNSAnswer, DNSError>, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard let flight = removeFlight(id) else { return }
        for waiter in flight.waiters { deliver(result, to: waiter, now: now, using: &random) }
    }

    private mutating func deliver(
        _ result: Result<DNSAnswer, DNSError>, to waiter: Waiter, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        switch waiter {
        case .lookup(let lookup):
            guard lookups.removeValue(forKey: lookup) != nil else { return }
            switch result {
            case .success(let answer): outcomes.append((lookup, .records(answer)))
            case .failure(let error): outcomes.append((lookup, .failed(error)))
            }
        case .host(let id, let type):
            receiveHostPart(id, type, result, now: now, using: &random)
        }
    }
}
