internal import CPosix
internal import Glibc
internal import Synchronization

/// One descriptor: open until the last call on it has returned after somebody closed it.
///
/// Calls never block, and any number may be under way at once. The number of the descriptor is given
/// back only when none is, so that no call ever hits a stranger's file of the same number.
final class Socket: Sendable {
    private static let closedBit: UInt32 = 1 << 31

    private let number: Int32
    private let token: UInt64
    private let reactor: Reactor
    /// Calls under way, and ``closedBit``.
    private let lease = Atomic<UInt32>(0)
    private let isFreed = Atomic<Bool>(false)
    let readiness: Readiness

    /// Takes a non-blocking descriptor over; when it throws, the descriptor is still the caller's.
    init(adopting number: Int32) throws(Failure) {
        self.number = number
        reactor = try Reactor.shared()
        (token, readiness) = try reactor.add(number)
    }

    /// Takes a descriptor over that is nobody else's; when it throws, it is closed.
    static func owning(_ number: Int32) throws(Failure) -> Socket {
        do throws(Failure) {
            return try Socket(adopting: number)
        } catch {
            _ = cposix_close(number)
            throw error
        }
    }

    /// A new socket.
    static func make(family: Int, kind: Int) throws(Failure) -> Socket {
        try owning(Call.checked(cposix_socket(Int32(family), Int32(kind))))
    }

    deinit { close() }

    /// Its number, for calls that this room does not make.
    var descriptor: Int32 { number }

    /// Runs one call that does not block.
    func use<Value>(_ body: (Int32) -> Value) throws(Failure) -> Value {
        let before = lease.wrappingAdd(1, ordering: .acquiring).oldValue
        defer {
            let after = lease.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
            if after == Self.closedBit { free() }
        }
        guard before & Self.closedBit == 0 else { throw .closed }
        return body(number)
    }

    /// Runs one call that answers 0 or more, or -errno.
    @discardableResult
    func call(_ body: (Int32) -> Int32) throws(Failure) -> Int32 {
        try Call.checked(try use(body))
    }

    /// Ends all waits, and gives the descriptor back. A second time changes nothing.
    func close() {
        let before = lease.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing).oldValue
        guard before & Self.closedBit == 0 else { return }
        readiness.close()
        if before == 0 { free() }
    }

    var isClosed: Bool { lease.load(ordering: .acquiring) & Self.closedBit != 0 }

    private func free() {
        guard !isFreed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        reactor.remove(token, number)
        _ = cposix_close(number)
    }
}

/// How long an operation may wait, and for whom.
struct Patience {
    /// A moment of ``Monotonic``, nil for none.
    let deadline: UInt64?
    /// Ends the operation when it fires.
    let shutdown: ShutdownToken?

    init(_ duration: Duration?, _ shutdown: ShutdownToken?) {
        deadline = Monotonic.deadline(in: duration)
        self.shutdown = shutdown
    }
}

extension Socket {
    /// Repeats a call until it does something else than to answer EAGAIN.
    ///
    /// Nothing has been moved when it throws: a call that moved bytes is one that returns.
    func perform(
        _ direction: Readiness.Direction, _ patience: Patience, _ body: (Int32) -> Int64
    ) async throws(Failure) -> Int {
        while true {
            try check(patience)
            let (events, yields) = readiness.look(direction)
            let result = try use(body)
            if result >= 0 {
                if yields { await Task.yield() }
                return Int(result)
            }
            guard result == -Int64(EAGAIN) else { throw .system(Int32(clamping: -result)) }
            try await wait(direction, since: events, patience)
        }
    }

    /// Throws when nobody wants to wait any more.
    func check(_ patience: Patience) throws(Failure) {
        if Task.isCancelled { throw .cancelled }
        if let shutdown = patience.shutdown, shutdown.isShuttingDown { throw .shutDown }
    }

    /// Waits for an event.
    func wait(
        _ direction: Readiness.Direction, since events: UInt64, _ patience: Patience
    ) async throws(Failure) {
        switch await readiness.wait(
            direction, since: events, until: patience.deadline, patience.shutdown)
        {
        case .ready: return
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        case .shutDown: throw .shutDown
        case .closed: throw .closed
        case .crowded: throw .crowded
        }
    }

    /// Lets some time pass, but no more than patience allows.
    func pause(_ duration: Duration, _ patience: Patience) async throws(Failure) {
        let end = Monotonic.deadline(in: duration) ?? .max
        let limit = min(end, patience.deadline ?? .max)
        let outcome = await readiness.wait(
            .pausing, since: readiness.look(.pausing).events, until: limit, patience.shutdown)
        switch outcome {
        case .ready: return
        case .timedOut: if limit < end { throw .timedOut }
        case .cancelled: throw .cancelled
        case .shutDown: throw .shutDown
        case .closed: throw .closed
        case .crowded: throw .crowded
        }
    }

    /// Connects, and waits until that has ended.
    func connect(to address: EndpointAddress, _ patience: Patience) async throws(Failure) {
        var system = address.system
        try check(patience)
        var events = readiness.look(.writing).events
        var delay = Self.firstRetry
        while true {
            let result = try use { unsafe cposix_connect($0, &system) }
            switch -result {
            case 0: return
            case EINPROGRESS, EALREADY: break
            case EAGAIN:
                // A Unix listener's queue is full, and the kernel tells nobody when it is not.
                try await pause(delay, patience)
                delay = min(delay * 2, Self.lastRetry)
                continue
            default: throw .system(-result)
            }
            break
        }
        while true {
            try await wait(.writing, since: events, patience)
            events = readiness.look(.writing).events
            let error = try option(.error)
            guard error == 0 else { throw .system(error) }
            // An event from before the call says nothing: connected is who has a peer.
            if (try? remoteAddress()) != nil { return }
        }
    }

    private static var firstRetry: Duration { .milliseconds(1) }
    private static var lastRetry: Duration { .milliseconds(50) }

    /// Where it is bound.
    func localAddress() throws(Failure) -> EndpointAddress? {
        var address = cposix_address()
        try call { unsafe cposix_local_address($0, &address) }
        return address.endpoint
    }

    /// Whom it is connected to.
    func remoteAddress() throws(Failure) -> EndpointAddress? {
        var address = cposix_address()
        try call { unsafe cposix_remote_address($0, &address) }
        return address.endpoint
    }
}

extension Socket {
    /// Fixes the peer of a datagram socket; nothing is sent.
    func setPeer(_ address: EndpointAddress) throws(Failure) {
        var system = address.system
        try call { unsafe cposix_connect($0, &system) }
    }

    func bind(_ address: EndpointAddress) throws(Failure) {
        var system = address.system
        try call { unsafe cposix_bind($0, &system) }
    }

    func listen(backlog: Int) throws(Failure) {
        try call { cposix_listen($0, Int32(clamping: max(backlog, 1))) }
    }
}
