internal import Glibc
internal import HeapModule
internal import Synchronization

extension ResolverDriver {
    /// Sends datagrams; what that changes is work again.
    func send(
        _ sends: [(socket: DNSSocket, id: DNSTransmission.ID, message: [UInt8])]
    ) -> Work? {
        var next: Work?
        for (socket, id, message) in sends {
            let result = socket.send(message)
            guard result < 0 else { continue }
            let work = state.withLock { state in
                state.note(-result, of: id, message, socket)
                return state.pump(Monotonic.now, for: self)
            }
            if next == nil { next = work } else { next?.add(work) }
        }
        return next
    }

    /// The kernel may have room again for what waits at a socket.
    func flush(_ socket: DNSSocket) {
        let work = state.withLock { state -> Work? in
            guard state.sockets[socket.number]?.unsent.isEmpty == false else { return nil }
            state.flush(socket)
            return state.pump(Monotonic.now, for: self)
        }
        if let work { perform(work) }
    }

    /// Takes what has come to a socket.
    func receive(_ socket: DNSSocket) {
        let (work, token) = state.withLock { state -> (Work, UInt64?) in
            guard let token = state.sockets[socket.number]?.token else { return (Work(), nil) }
            let now = Monotonic.now
            var isEmpty = false
            for _ in 0..<Self.batch where !isEmpty {
                isEmpty = !state.receive(socket, now)
            }
            var work = state.pump(now, for: self)
            state.closeIfIdle(socket.number, &work)
            return (work, isEmpty ? nil : token)
        }
        perform(work)
        // There is more, and the poller tells only once: the others first, then this one again.
        guard let token, let place = state.withLock({ $0.place }) else { return }
        place.reactor.arm(token, at: Monotonic.now)
    }

    /// The moment that was armed has come; see ``ReactorClient/handleTimeout(at:now:)``.
    func handleTimeout(at armed: UInt64, now: UInt64) -> UInt64? {
        let work = state.withLock { state -> Work? in
            // A moment that an earlier one has replaced.
            guard state.armed == armed else { return nil }
            state.armed = .max
            state.machine.handleTimeouts(now: now, using: &state.random)
            let closed = state.expire(now)
            var work = state.pump(now, for: self)
            work.add(closed)
            return work
        }
        guard var work else { return nil }
        let next = work.alarm
        work.alarm = nil
        perform(work)
        return next
    }
}

extension ResolverDriver.Work {
    mutating func add(_ other: ResolverDriver.Work) {
        sends += other.sends
        ended += other.ended
        streams += other.streams
        closed += other.closed
        alarm = [alarm, other.alarm].compactMap { $0 }.min()
    }
}

extension ResolverDriver.State {
    /// Makes the reactor know us.
    mutating func settle(_ driver: ResolverDriver) throws(DNSError) {
        guard place == nil else { return }
        do throws(Failure) {
            let reactor = try Reactor.shared()
            place = (reactor, reactor.addPlace(for: ResolverAlarm(driver)))
        } catch {
            throw DNSError(.networkError, NetError(error, doing: .open).description)
        }
    }

    /// Chooses a socket for a datagram, a new one when the pool says so.
    mutating func dispatch(
        _ transmission: DNSTransmission, _ now: UInt64, for driver: ResolverDriver,
        _ work: inout ResolverDriver.Work
    ) {
        let server = transmission.server.address
        let next = lastSocket + 1
        let choice = pools[server, default: driver.options.pool].choose(
            now: now, patience: machine.configuration.timeout, using: &random, number: { next })
        let number: Int
        switch choice {
        case .use(let known): number = known
        case .open(let new):
            lastSocket = new
            number = new
            do throws(Failure) {
                guard let place else { throw .closed }
                let socket = try DNSSocket(new, to: server, for: driver, place.reactor)
                sockets[new] = ResolverDriver.Open(socket: socket, token: try socket.watch())
                // At the latest then one of them has been replaced for long enough.
                poolDeadline = min(
                    poolDeadline, now.addingReportingOverflow(machine.configuration.timeout).0)
            } catch {
                pools[server]?.remove(new)
                let reason = NetError(error, doing: .open, address: .ip(server)).description
                machine.failed(transmission.id, reason: reason, now: now, using: &random)
                return
            }
        }
        machine.sent(transmission.id, on: number)
        sockets[number]?.awaited += 1
        guard let socket = sockets[number]?.socket else { return }
        work.sends.append((socket, transmission.id, transmission.message))
    }

    /// Takes one datagram, or the error of an earlier one; false when there is none.
    mutating func receive(_ socket: DNSSocket, _ now: UInt64) -> Bool {
        let count = socket.receive(into: &buffer)
        if count == -Int64(EAGAIN) { return false }
        guard count >= 0 else {
            fail(socket, Int32(clamping: -count), now)
            return true
        }
        // Not a copy: nobody writes while both are there.
        let bytes = buffer
        let reception = machine.receivedDatagram(
            bytes.span.extracting(0..<Int(count)), from: socket.server, on: socket.number,
            now: now, using: &random)
        if reception == .taken { sockets[socket.number]?.awaited -= 1 }
        return true
    }

    /// Nothing that left by a socket will be answered.
    private mutating func fail(_ socket: DNSSocket, _ errno: Int32, _ now: UInt64) {
        let error = NetError(.system(errno), doing: .receive, address: .ip(socket.server))
        machine.failed(
            on: socket.number, reason: error.description, now: now, using: &random)
        sockets[socket.number]?.awaited = 0
    }

    /// What sending has said.
    mutating func note(
        _ errno: Int64, of id: DNSTransmission.ID, _ message: [UInt8], _ socket: DNSSocket
    ) {
        let now = Monotonic.now
        switch Int32(clamping: errno) {
        case EAGAIN:
            sockets[socket.number]?.unsent.append((id, message))
            // Room may have come before anybody asked to be told of it.
            flush(socket)
        case ECONNREFUSED: fail(socket, ECONNREFUSED, now)
        case let number:
            let error = NetError(.system(number), doing: .send, address: .ip(socket.server))
            machine.failed(id, reason: error.description, now: now, using: &random)
        }
    }

    /// Sends what waits at a socket, as far as there is room.
    mutating func flush(_ socket: DNSSocket) {
        let unsent = sockets[socket.number]?.unsent ?? []
        sockets[socket.number]?.unsent = []
        for (index, item) in unsent.enumerated() where machine.isAwaited(item.id) {
            let result = socket.send(item.message)
            if result == -Int64(EAGAIN) {
                sockets[socket.number]?.unsent = Array(unsent[index...])
                return
            }
            if result < 0 { note(-result, of: item.id, item.message, socket) }
        }
    }

    /// Closes what was replaced and is not needed any more, and ends who has waited long enough.
    mutating func expire(_ now: UInt64) -> ResolverDriver.Work {
        var work = ResolverDriver.Work()
        for server in pools.keys {
            let closed = pools[server]?.takeClosed(
                now: now, patience: machine.configuration.timeout)
            for number in closed ?? [] {
                if let open = sockets.removeValue(forKey: number) { work.closed.append(open) }
            }
        }
        poolDeadline = pools.values.compactMap(\.nextDeadline).min() ?? .max
        while let first = deadlines.min, first.moment <= now {
            deadlines.removeMin()
            guard waiting[first.lookup] != nil else { continue }
            machine.cancel(first.lookup)
            end(
                first.lookup, .failed(DNSError(.timeout, "nobody answered in the time given")),
                &work)
        }
        return work
    }

    /// A replaced socket at which nothing is waited for is closed at once: at many queries a second
    /// there would be thousands of them.
    mutating func closeIfIdle(_ number: Int, _ work: inout ResolverDriver.Work) {
        guard let open = sockets[number], open.awaited <= 0,
            pools[open.socket.server]?.isRetired(number) == true
        else { return }
        pools[open.socket.server]?.remove(number)
        sockets[number] = nil
        work.closed.append(open)
    }
}
