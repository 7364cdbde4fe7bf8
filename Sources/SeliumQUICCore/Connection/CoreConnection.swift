internal import DequeModule

/// One QUIC connection: datagrams and time in, datagrams and events out.
///
/// Confined to its owner's event loop. It does nothing by itself: the endpoint feeds it and asks it
/// for packets, the owner commands it and takes its events. No command may be given from inside
/// another one's event, and none needs to: events are values, taken when the core is at rest.
package final class CoreConnection {
    /// Which side it is.
    package let isServer: Bool
    /// Whatever the driver keeps with it.
    package var attachment: AnyObject?
    /// Why it is over; nil while it lives.
    package private(set) var end: QUICConnectionEnd?
    /// Both sides have keys.
    package internal(set) var isHandshakeComplete = false
    /// The client was accepted by the server.
    package internal(set) var isHandshakeConfirmed = false
    /// Where the other side is now; it may move (NAT rebinding).
    package internal(set) var path: NetworkPath
    /// The ALPN protocol agreed on.
    package internal(set) var applicationProtocol: String?
    /// The key exchange agreed on; nil until the handshake is complete.
    package internal(set) var keyExchangeGroup: KeyExchangeGroup?
    /// The handshake resumed an earlier one (RFC 8446 §2.2).
    package internal(set) var isResumed = false
    /// The other side's certificates, leaf first; verified once the handshake is complete.
    package internal(set) var peerCertificates: [Certificate] = []

    let configuration: QUICConfiguration
    /// The endpoint holds its living connections. A strong reference back would keep both for ever
    /// when somebody lets go of an endpoint that is in use; a weak one costs too much on this path.
    /// SAFETY: it cannot dangle: an endpoint that goes ends its connections first, and a connection
    /// that is over has none.
    private unowned(unsafe) var owner: CoreEndpoint?
    /// Nil once the connection is over.
    var endpoint: CoreEndpoint? {
        get { unsafe owner }
        set { unsafe owner = newValue }
    }
    var packets: PacketMachine?
    /// Its place in the endpoint's table.
    let slot: Int
    var streams: [UInt64: CoreStream] = [:]
    /// Streams with something to send, each once; the first one has its turn.
    var sendQueue = Deque<CoreStream>()
    /// Sum of the receive windows of streams that live or hold unread bytes, bytes.
    var windowSum = 0
    var events: [CoreEvent] = []
    /// In the endpoint's list of connections with events.
    var isEventful = false
    /// In the endpoint's list of connections with something to send.
    var isReady = false
    /// The deadline that the endpoint's timer heap holds for it; max when there is none.
    var armedDeadline = UInt64.max
    /// A server has yet to send its token for the client's next connection.
    var owesAddressToken = false
    /// A stateless reset ended it.
    var sawStatelessReset = false
    /// Time never goes backwards: ngtcp2 would abort.
    var lastTime: UInt64
    /// When the present second of counting control frames began.
    var countingSince: UInt64
    /// When it is over unless something new comes from the other side; max when nobody doubts it.
    var probeDeadline = UInt64.max
    /// When the last doubt came up.
    private var probedAt: UInt64?

    init(
        isServer: Bool, path: NetworkPath, configuration: QUICConfiguration,
        endpoint: CoreEndpoint, slot: Int, now: UInt64
    ) {
        self.isServer = isServer
        self.path = path
        self.configuration = configuration
        unsafe self.owner = endpoint
        self.slot = slot
        self.lastTime = now
        self.countingSince = now
    }

    /// Takes what happened since the last call, in order.
    package func takeEvents() -> [CoreEvent] {
        let taken = events
        events = []
        for event in taken {
            switch event {
            case .readable(let stream): stream.hasReadableEvent = false
            case .writable(let stream): stream.hasWritableEvent = false
            default: break
            }
        }
        return taken
    }

    /// `now`, or the last time seen when the clock went backwards.
    func advance(to now: UInt64) -> UInt64 {
        lastTime = max(lastTime, now)
        return lastTime
    }

    func note(_ event: CoreEvent) {
        events.append(event)
        endpoint?.noteEvents(of: self)
    }

    func noteReadable(_ stream: CoreStream) {
        guard !stream.hasReadableEvent, !stream.isReleased else { return }
        stream.hasReadableEvent = true
        note(.readable(stream))
    }

    func noteWritable(_ stream: CoreStream) {
        guard !stream.hasWritableEvent, !stream.isReleased else { return }
        stream.hasWritableEvent = true
        note(.writable(stream))
    }

    // MARK: Its end

    /// Its endpoint is going: nobody will feed it any more.
    func orphaned() {
        endpoint = nil
        finish(.closedLocally(code: 0), .nothing, now: lastTime)
    }

    /// Closes with an application code. Nothing more is delivered; what was written and not sent is
    /// dropped.
    package func close(code: UInt64, reason: String, now: UInt64) {
        finish(.closedLocally(code: code), .application(code: code, reason: reason), now: now)
    }

    /// Ends it without a word to the other side: it is gone, or there is no socket any more.
    package func abandon(_ end: QUICConnectionEnd, now: UInt64) {
        finish(end, .nothing, now: now)
    }

    /// Shortest time until a connection is taken for dead that somebody said is: a moment's outage,
    /// as when a NAT or a relay restarts, shall not end it.
    static let shortestProbe: UInt64 = 1_000_000_000
    /// Time between two such questions: who forges messages shall not make us flood the other side.
    static let probeInterval: UInt64 = 100_000_000

    /// The system says that nobody listens at the other side's address (ICMP port unreachable).
    ///
    /// During the handshake that is believed. Afterwards it is asked about: such a message needs
    /// nothing but the addresses to be forged (RFC 8085 §5.2). A PING goes out at once; any new packet
    /// of the other side is the answer, and without one the connection is over after three PTO, one
    /// second at least. Hearing it again does not begin anew.
    package func refused(now: UInt64) {
        guard end == nil, let packets else { return }
        guard isHandshakeComplete else { return abandon(.unreachable, now: now) }
        let now = advance(to: now)
        if let probedAt, now < probedAt &+ Self.probeInterval { return }
        guard probeDeadline == .max else { return }
        probedAt = now
        probeDeadline = now &+ max(packets.probeTime, Self.shortestProbe)
        packets.requestPing()
        endpoint?.markReady(self)
    }

    /// When something has to be done, whether or not a packet comes.
    var deadline: UInt64? {
        packets.map { min($0.expiry, probeDeadline) }
    }

    /// What to tell the other side.
    enum Farewell {
        case nothing
        case application(code: UInt64, reason: String)
        case transport(code: UInt64)
        /// An ngtcp2 error, translated by ngtcp2.
        case library(Int32)
        case alert(UInt8)
        /// The other side closed: we are silent from now on (RFC 9000 §10.2.2).
        case draining
    }

    func finish(_ end: QUICConnectionEnd, _ farewell: Farewell, now: UInt64) {
        guard self.end == nil else { return }
        let now = advance(to: now)
        let packet = packets?.writeClose(farewell, now: now) ?? []
        let closingTime = packets?.closingTime ?? 0
        self.end = end
        for stream in streams.values {
            stream.isClosed = true
            stream.isQueued = false
            noteReadable(stream)
            noteWritable(stream)
        }
        note(.ended(end))
        // The library first, then what its pointers lead to.
        packets = nil
        streams = [:]
        sendQueue = []
        let isDraining = if case .draining = farewell { true } else { false }
        endpoint?.ended(
            self, packet: packet, isDraining: isDraining, until: now &+ closingTime, now: now)
        endpoint = nil
    }
}
