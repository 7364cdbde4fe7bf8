extension ResolverMachine {
    /// What became of a message that was handed in.
    public enum Reception: Hashable, Sendable {
        /// It moved its question on.
        case taken
        /// Nobody waits for it, or it is not what was waited for; the wait goes on.
        case ignored(DNSExpectation.Reason?)
    }

    /// The driver has sent a datagram by this socket; an answer counts only when it comes back to
    /// the same one (RFC 5452 section 4).
    public mutating func sent(_ id: DNSTransmission.ID, on socket: Int) {
        attempts[id]?.socket = socket
    }

    /// A datagram came in.
    ///
    /// - Parameters:
    ///   - source: where it came from, as the system says.
    ///   - socket: the number that ``sent(_:on:)`` was given.
    @discardableResult
    public mutating func receivedDatagram(
        _ bytes: Span<UInt8>, from source: SocketAddress, on socket: Int, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> Reception {
        guard bytes.count >= 2 else { return .ignored(.tooShort) }
        let messageID = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        guard let id = attemptByMessageID[messageID], let attempt = attempts[id],
            !attempt.expectation.isStream, attempt.socket == socket,
            servers[attempt.server].server.address.isSource(source)
        else { return .ignored(nil) }
        return judge(bytes, attempt, id, now: now, using: &random)
    }

    /// A message came in over the stream that a transmission was sent by, without its length.
    @discardableResult
    public mutating func receivedMessage(
        _ bytes: Span<UInt8>, for id: DNSTransmission.ID, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> Reception {
        guard let attempt = attempts[id], attempt.expectation.isStream else {
            return .ignored(nil)
        }
        return judge(bytes, attempt, id, now: now, using: &random)
    }

    /// A transmission could not be sent, or its connection broke.
    ///
    /// - Parameter reason: for people, the operation and the system's name of the error.
    public mutating func failed(
        _ id: DNSTransmission.ID, reason: String, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard let attempt = attempts[id] else { return }
        let isNewest = flights[attempt.flight]?.outstanding.last == id
        flights[attempt.flight]?.outstanding.removeAll { $0 == id }
        removeAttempt(id)
        // Of an older one nothing was expected any more.
        guard isNewest else { return }
        servers[attempt.server].failingUntil =
            now.addingReportingOverflow(Self.penalty).partialValue
        advance(attempt.flight, DNSError(.networkError, reason), now: now, using: &random)
    }

    /// Nothing that left by a socket will be answered there: the system says that nobody listens, or
    /// the socket is gone.
    ///
    /// - Parameters:
    ///   - socket: the number that ``sent(_:on:)`` was given.
    ///   - reason: for people, the operation and the system's name of the error.
    public mutating func failed(
        on socket: Int, reason: String, now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        let failed = attempts.filter { $0.value.socket == socket }.keys
        for id in failed.sorted(by: { $0.number < $1.number }) {
            self.failed(id, reason: reason, now: now, using: &random)
        }
    }

    /// Whether a transmission may still be answered; what is not need not be sent.
    public func isAwaited(_ id: DNSTransmission.ID) -> Bool { attempts[id] != nil }

    /// Time has passed: gives up what waited too long and goes on to the next server.
    public mutating func handleTimeouts(
        now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        while let first = deadlines.first, first.deadline <= now {
            _ = deadlines.popFirst()
            guard let attempt = attempts[first.id], let flight = flights[attempt.flight],
                flight.outstanding.last == first.id
            else { continue }
            let server = attempt.server
            servers[server].failingUntil = now.addingReportingOverflow(Self.penalty).partialValue
            // It may still answer, and is listened to until the question is settled.
            advance(
                attempt.flight, DNSError(.timeout, flight.question.description), now: now,
                using: &random)
        }
    }

    private mutating func judge(
        _ bytes: Span<UInt8>, _ attempt: Attempt, _ id: DNSTransmission.ID, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> Reception {
        let flight = attempt.flight
        let isNewest = flights[flight]?.outstanding.last == id
        let verdict = attempt.expectation.judge(bytes)
        if case .stranger = verdict {
        } else {
            // It has its answer; a copy of that is a stranger.
            flights[flight]?.outstanding.removeAll { $0 == id }
            removeAttempt(id)
        }
        switch verdict {
        case .stranger(let reason):
            // A server that changes the case, or has lost its cookies, says so by every answer: the
            // next attempt does without, over TCP where cookies were the protection.
            if reason == .wrongCase { flights[flight]?.mixesCase = false }
            if reason == .missingCookie { flights[flight]?.usesStream = true }
            return .ignored(reason)
        case .truncated:
            flights[flight]?.usesStream = true
            repeatAttempt(flight, attempt, now: now, using: &random)
        case .malformed(let error):
            guard isNewest else { return .taken }
            advance(
                flight, DNSError(.invalidResponse, error.code.rawValue), now: now, using: &random)
        case .answer(let message):
            servers[attempt.server].failingUntil = 0
            if let cookie = message.edns?.cookie, !cookie.server.isEmpty {
                servers[attempt.server].serverCookie = Array(cookie.server)
            }
            // The failure of a server whose turn is over changes nothing.
            guard isNewest || message.responseCode.isConclusive else { return .taken }
            receive(message, attempt, now: now, using: &random)
        }
        return .taken
    }

    private mutating func receive(
        _ message: DNSMessage, _ attempt: Attempt, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        let id = attempt.flight
        guard let flight = flights[id] else { return }
        // Written only when something is wrong.
        var what: String { flight.question.description }
        switch message.responseCode {
        case .noError, .nameError:
            guard !message.flags.contains(.truncated) else {
                advance(id, DNSError(.truncated, what), now: now, using: &random)
                return
            }
            conclude(id, message, now: now, using: &random)
        case .formatError, .notImplemented, .badVersion:
            guard attempt.speaksEDNS else {
                advance(id, DNSError(.noRecovery, what), now: now, using: &random)
                return
            }
            // RFC 6891 section 7: it may do better without.
            servers[attempt.server].speaksEDNS = false
            repeatAttempt(id, attempt, now: now, using: &random)
        case .badCookie:
            // RFC 7873 section 5.3: once more with the new cookie, then over TCP.
            if flight.hasRetriedCookie { flights[id]?.usesStream = true }
            flights[id]?.hasRetriedCookie = true
            guard !attempt.expectation.isStream else {
                advance(id, DNSError(.noRecovery, what), now: now, using: &random)
                return
            }
            repeatAttempt(id, attempt, now: now, using: &random)
        case .serverFailure: advance(id, DNSError(.serverError, what), now: now, using: &random)
        case .refused: advance(id, DNSError(.refused, what), now: now, using: &random)
        default: advance(id, DNSError(.noRecovery, what), now: now, using: &random)
        }
    }

    /// The same server again, in another way; its turn is not over.
    private mutating func repeatAttempt(
        _ id: FlightID, _ attempt: Attempt, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard let order = flights[id]?.order, let place = order.firstIndex(of: attempt.server)
        else { return }
        // A late answer may be of a server whose turn is over: it has it back.
        let step = flights[id]?.step ?? 0
        if step % order.count != place { flights[id]?.step = step - step % order.count + place }
        transmit(id, now: now, using: &random)
    }

    /// An attempt has failed: the next server, or the end.
    private mutating func advance(
        _ id: FlightID, _ error: DNSError, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard var flight = flights[id] else { return }
        // What a server said is worth more than that another said nothing.
        if flight.failure == nil || error.code != .timeout { flight.failure = error }
        flight.step += 1
        flights[id] = flight
        if flight.step < configuration.attempts * flight.order.count {
            transmit(id, now: now, using: &random)
        } else {
            finish(id, .failure(flight.failure ?? error), now: now, using: &random)
        }
    }

    private mutating func conclude(
        _ id: FlightID, _ message: DNSMessage, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard let flight = flights[id] else { return }
        let isAuthentic =
            flight.isAuthentic && configuration.trustsAuthenticData
            && message.flags.contains(.authentic)
        switch DNSConclusion(
            message, question: flight.question, aliases: flight.aliases, name: flight.name)
        {
        case .answer(var answer):
            answer.isAuthentic = isAuthentic
            cache.insert(answer, now: now)
            finish(id, .success(answer), now: now, using: &random)
        case .nothing(.noData, nil, _) where message.isReferral:
            advance(
                id, DNSError(.noRecovery, flight.question.description), now: now, using: &random)
        case .nothing(let code, let ttl, let aliases):
            // Without an SOA nobody says for how long (RFC 2308 section 5).
            if let ttl {
                let ttl = aliases.map(\.ttl).reduce(ttl, min)
                cache.insert(absence: code, of: flight.question, ttl: ttl, now: now)
            }
            finish(
                id, .failure(DNSError(code, flight.question.description)), now: now,
                using: &random)
        case .circle:
            finish(
                id, .failure(DNSError(.invalidResponse, "aliases in a circle")), now: now,
                using: &random)
        case .alias(let name, let aliases):
            follow(id, to: name, aliases, isAuthentic: isAuthentic, now: now, using: &random)
        }
    }

    private mutating func follow(
        _ id: FlightID, to name: DNSName, _ aliases: [DNSRecord], isAuthentic: Bool, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) {
        guard var flight = flights[id] else { return }
        flight.name = name
        flight.aliases = aliases
        flight.isAuthentic = isAuthentic
        flight.step = 0
        flight.failure = nil
        // Answers to the question before would be about another name.
        for attempt in flight.outstanding { removeAttempt(attempt) }
        flight.outstanding = []
        flights[id] = flight
        transmit(id, now: now, using: &random)
    }
}

extension SocketAddress {
    /// Whether a datagram from `source` is from this server: the same address and port, written as
    /// IPv4 or mapped into IPv6; an interface only counts when the server's is known.
    fileprivate func isSource(_ source: SocketAddress) -> Bool {
        guard port == source.port else { return false }
        switch (address, source.address) {
        case (.v6(let own), .v6(let other)):
            return own.high == other.high && own.low == other.low
                && (own.scopeID == 0 || own.scopeID == other.scopeID)
        case (.v4(let own), .v6(let other)): return other.mappedIPv4 == own
        case (.v6(let own), .v4(let other)): return own.mappedIPv4 == other
        case (.v4(let own), .v4(let other)): return own == other
        }
    }
}

extension DNSResponseCode {
    /// Whether it says something about the name, not about the server.
    fileprivate var isConclusive: Bool { self == .noError || self == .nameError }
}

extension DNSMessage {
    /// It only says who else might know (RFC 2308 section 2.2.1): from a server that does not look
    /// things up for us.
    fileprivate var isReferral: Bool {
        answers.isEmpty && !flags.contains(.authoritative)
            && authorities.contains { $0.type == .ns }
    }
}
