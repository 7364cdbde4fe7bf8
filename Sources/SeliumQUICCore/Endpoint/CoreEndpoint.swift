internal import DequeModule

/// All connections of one UDP endpoint: routing by connection ID, the decision whom to accept, one
/// heap of timers, and the packets that belong to no connection.
///
/// Confined to its event loop, without clock and socket: every call brings the time, in nanoseconds
/// of any monotonic clock.
package final class CoreEndpoint {
    /// Datagrams the system cuts out of one buffer (UDP_MAX_SEGMENTS of older kernels).
    static let maximumSegments = 64
    /// Finished connections that still answer stragglers; beyond it the oldest fall silent.
    static let maximumClosing = 4_096
    /// Packets waiting that belong to no connection; beyond it they are not sent.
    static let maximumStateless = 512

    /// Seconds since 1970 that certificates are judged by; the driver keeps it current.
    package var unixTime: Int64 = 0
    /// Counts since the start, for logs and tests.
    package private(set) var statistics = EndpointStatistics()

    let isServer: Bool
    let configuration: QUICConfiguration
    let tls: TLSContext
    let stateless: StatelessPackets
    private let loopIndex: UInt8
    private var random = SystemRandom()

    var slots: [EndpointSlot] = []
    private var freeSlots: [Int] = []
    private var routes: [ConnectionID: Int] = [:]
    private var timers = TimerHeap()
    private var eventful = Deque<CoreConnection>()
    private var ready = Deque<CoreConnection>()
    var unsent = Deque<StatelessDatagram>()
    private var closingOrder = Deque<(slot: Int, generation: UInt64)>()
    var ledger: AddressLedger
    var statelessBudget: TokenBucket
    var recentRetries = RecentRetries()
    var spentTokens = SpentTokens()
    /// Connections whose handshake is not complete.
    package private(set) var halfOpenCount = 0
    /// Living connections.
    package private(set) var connectionCount = 0
    /// No new connections.
    package private(set) var isShuttingDown = false
    private var nextGeneration: UInt64 = 1

    /// - Parameters:
    ///   - tls: a server's context makes an accepting endpoint, a client's a connecting one.
    ///   - loopIndex: travels in our connection IDs, so that several loops can find each other's.
    ///   - resetKey: secret of stateless resets, 32 bytes; nil draws one. The one of an endpoint
    ///     before it ends that one's connections.
    package init(
        tls: TLSContext, configuration: QUICConfiguration, loopIndex: UInt8 = 0,
        resetKey: [UInt8]? = nil, now: UInt64
    ) {
        self.isServer = tls.side == .server
        self.tls = tls
        self.configuration = configuration
        self.loopIndex = loopIndex
        let length = StatelessPackets.keyLength
        precondition(resetKey.map { $0.count == length } ?? true, "a reset key has 32 bytes")
        self.stateless = StatelessPackets(
            resetKey: resetKey ?? SystemRandom().bytes(length),
            tokenKey: SystemRandom().bytes(length),
            tokenLifetime: configuration.retryTokenLifetime.nanoseconds,
            addressTokenLifetime: configuration.addressTokenLifetime.nanoseconds)
        self.ledger = AddressLedger(configuration, now: now)
        self.statelessBudget = TokenBucket(
            perSecond: configuration.statelessPacketsPerSecond,
            burst: configuration.statelessPacketsPerSecond, now: now)
    }

    deinit {
        for connection in connections { connection.orphaned() }
    }

    // MARK: What to do next

    /// A connection that has something to tell, each once.
    package func nextEventful() -> CoreConnection? {
        guard let connection = eventful.popFirst() else { return nil }
        connection.isEventful = false
        return connection
    }

    /// Whether `transmit` may have something to send.
    package var wantsToTransmit: Bool { !ready.isEmpty || !unsent.isEmpty }

    /// When `handleTimers` is due; nil when nothing is planned.
    package var nextDeadline: UInt64? { timers.earliest }

    /// Lets everything act whose time has come.
    package func handleTimers(now: UInt64) {
        // Nothing is armed again before packets are made, so this ends.
        while let index = timers.popDue(now: now) {
            switch slots[index].state {
            case .free: break
            case .closing, .draining: free(index)
            case .living(let connection): connection.handleExpiry(now: now)
            }
        }
    }

    /// No new connections from now on; those that live are left alone.
    package func beginShutdown() {
        isShuttingDown = true
    }

    /// Every living connection.
    package var connections: [CoreConnection] {
        slots.compactMap { if case .living(let connection) = $0.state { connection } else { nil } }
    }

    // MARK: Lists

    func noteEvents(of connection: CoreConnection) {
        guard !connection.isEventful else { return }
        connection.isEventful = true
        eventful.append(connection)
    }

    /// The connection may have something to send, or another deadline.
    package func markReady(_ connection: CoreConnection) {
        guard !connection.isReady, connection.end == nil else { return }
        connection.isReady = true
        ready.append(connection)
    }

    func popReady() -> CoreConnection? {
        while let connection = ready.popFirst() {
            guard connection.isReady else { continue }
            connection.isReady = false
            return connection
        }
        return nil
    }

    /// Places in the list of connections with something to send, those of ended ones included.
    package var readyCount: Int { ready.count }

    /// Deadlines planned, for tests.
    package var plannedCount: Int { timers.count }

    /// Arms the connection's deadline when it is earlier than the one in the heap: one that moves
    /// later with every packet costs nothing, it is looked at when the old one comes up.
    func arm(_ connection: CoreConnection) {
        guard connection.end == nil, let deadline = connection.deadline,
            deadline < connection.armedDeadline
        else { return }
        connection.armedDeadline = deadline
        timers.set(connection.slot, to: deadline)
    }

    // MARK: Slots and routes

    func slot(for id: ConnectionID) -> Int? { routes[id] }

    func add(
        path: NetworkPath, now: UInt64,
        _ make: (CoreConnection) throws(QUICError) -> PacketMachine?
    ) throws(QUICError) -> CoreConnection {
        let index = freeSlots.popLast() ?? slots.count
        if index == slots.count { slots.append(EndpointSlot()) }
        let connection = CoreConnection(
            isServer: isServer, path: path, configuration: configuration, endpoint: self,
            slot: index, now: now)
        slots[index].generation = nextGeneration
        nextGeneration += 1
        slots[index].state = .living(connection)
        slots[index].address = path.remote.address
        connectionCount += 1
        halfOpenCount += 1
        ledger.opened(by: path.remote.address)
        do throws(QUICError) {
            guard let packets = try make(connection) else {
                throw QUICError(.internalError, "no memory for a connection")
            }
            connection.packets = packets
        } catch {
            connection.endpoint = nil
            forget(connection)
            throw error
        }
        return connection
    }

    func addRoute(_ id: ConnectionID, to slot: Int) {
        routes[id] = slot
        slots[slot].ids.append(id)
    }

    /// A new ID of ours that nobody has yet.
    func makeID() -> ConnectionID {
        while true {
            let id = ConnectionID(
                length: UInt8(ConnectionID.ownLength),
                first: random.next() & ~0xff | UInt64(loopIndex), second: random.next(), third: 0)
            if routes[id] == nil { return id }
        }
    }

    func makeID(for connection: CoreConnection) -> ConnectionID {
        let id = makeID()
        addRoute(id, to: connection.slot)
        return id
    }

    func forgetID(_ id: ConnectionID, of connection: CoreConnection) {
        guard routes[id] == connection.slot else { return }
        routes[id] = nil
        slots[connection.slot].ids.removeAll { $0 == id }
    }

    private func free(_ index: Int) {
        for id in slots[index].ids { routes[id] = nil }
        timers.remove(index)
        slots[index] = EndpointSlot()
        freeSlots.append(index)
    }

    /// Takes a connection out as if it had never been.
    func forget(_ connection: CoreConnection) {
        leave(connection)
        free(connection.slot)
    }

    private func leave(_ connection: CoreConnection) {
        connectionCount -= 1
        if !connection.isHandshakeComplete { halfOpenCount -= 1 }
        ledger.closed(by: slots[connection.slot].address)
        // Its place in `ready` is skipped when its turn comes: looking for it would be linear, and
        // a shutdown ends thousands at once.
        connection.isReady = false
    }

    // MARK: What connections tell

    func handshakeCompleted(_ connection: CoreConnection) {
        halfOpenCount -= 1
        statistics.handshakes += 1
    }

    /// A connection is over: its packet is sent, and its IDs answer stragglers for a while.
    func ended(
        _ connection: CoreConnection, packet: [UInt8], isDraining: Bool, until: UInt64, now: UInt64
    ) {
        leave(connection)
        let index = connection.slot
        if packet.isEmpty, !isDraining {
            free(index)
            return
        }
        if isDraining {
            slots[index].state = .draining
        } else {
            slots[index].state = .closing(ClosingState(packet: packet, path: connection.path))
            send(packet, over: connection.path)
        }
        timers.set(index, to: until)
        closingOrder.append((index, slots[index].generation))
        while closingOrder.count > Self.maximumClosing, let oldest = closingOrder.popFirst() {
            if slots[oldest.slot].generation == oldest.generation { free(oldest.slot) }
        }
    }

    /// A straggler of a finished connection: says farewell again, ever more rarely (RFC 9000
    /// §10.2.1).
    func answerStraggler(_ index: Int) {
        guard case .closing(var closing) = slots[index].state else { return }
        if closing.isDue() { send(closing.packet, over: closing.path) }
        slots[index].state = .closing(closing)
    }

    func send(_ packet: [UInt8], over path: NetworkPath) {
        guard unsent.count < Self.maximumStateless else { return }
        unsent.append(StatelessDatagram(bytes: packet, path: path))
    }

    func count(_ what: WritableKeyPath<EndpointStatistics, Int>) {
        statistics[keyPath: what] += 1
    }
}

extension CoreEndpoint {
    /// An ID as it would give out next, for tests.
    package func sampleID() -> ConnectionID { makeID() }
}
