internal import CBoringTLS

extension TLSSession {
    /// Whether the handshake resumed an earlier one: then no certificate was shown, and those of the
    /// earlier one hold, judged again by the rules and the time of this one. False until the
    /// handshake is complete.
    public var isResumed: Bool {
        unsafe btls_session_is_resumed(self.handle) == 1
    }

    /// A ticket that came and was not taken yet; oldest first.
    package func takeTicket() -> TLSTicket? {
        unsafe btls_session_take_ticket(self.handle).map { unsafe TLSTicket($0) }
    }

    /// Offers a ticket; before the handshake begins. False when it has expired, or the server's
    /// certificate would not be accepted any more.
    package func offer(_ ticket: TLSTicket) -> Bool {
        unsafe btls_session_offer(self.handle, ticket.handle) == 1
    }

    // MARK: What is remembered of the server

    /// Whether there is somewhere to remember it.
    package var remembers: Bool { self.memory != nil }

    /// Moves the tickets that came into the cache.
    package func keepTickets() {
        guard let memory = self.memory else { return }
        while let ticket = self.takeTicket() {
            memory.cache.keep(ticket, of: memory.key)
        }
    }

    /// The token of a NEW_TOKEN frame that the server sent earlier; each is handed out once.
    package func takeAddressToken() -> [UInt8]? {
        guard let memory = self.memory else { return nil }
        return memory.cache.takeAddressToken(of: memory.key, now: self.unixTime)
    }

    /// Remembers the token of a NEW_TOKEN frame.
    package func keepAddressToken(_ token: [UInt8]) {
        guard let memory = self.memory else { return }
        memory.cache.keep(addressToken: token, of: memory.key, now: self.unixTime)
    }
}

extension TLSContext {
    /// A copy of a ticket with other sealed bytes, for tests.
    package func altered(_ ticket: TLSTicket, sealed: [UInt8]) -> TLSTicket? {
        unsafe sealed.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return unsafe btls_ticket_altered(ticket.handle, self.context, base, bytes.count)
                .map { unsafe TLSTicket($0) }
        }
    }
}
