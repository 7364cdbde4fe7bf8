internal import Synchronization

/// The socket under a stream: what TCP and Unix streams have in common.
public final class StreamSocket: Sendable {
    private struct Timeouts {
        var read: Duration?
        var write: Duration?
    }

    let socket: Socket
    /// Whom it is connected to.
    let remote: EndpointAddress
    /// Whether a task reads, or writes. Two of them would tear each other's bytes apart.
    private let isRead = Atomic<Bool>(false)
    private let isWritten = Atomic<Bool>(false)
    private let timeouts = Mutex(Timeouts())
    /// Room that a read makes: what the last ones filled.
    private let usualRoom = Atomic<Int>(StreamSocket.leastRoom)

    /// Room that a read makes in a buffer that has none, in bytes: the least, for ten thousand that
    /// wait, and the most, for those that have much to read.
    static let leastRoom = 4_096
    static let mostRoom = 65_536

    init(_ socket: Socket, remote: EndpointAddress) {
        self.socket = socket
        self.remote = remote
    }

    /// The number of the descriptor, for calls that are not here. It is valid while the stream is
    /// open and stays the stream's: do not close it, and duplicate it to keep it.
    public var descriptor: Int32 { socket.descriptor }

    var readTimeout: Duration? {
        get { timeouts.withLock(\.read) }
        set { timeouts.withLock { $0.read = newValue } }
    }

    var writeTimeout: Duration? {
        get { timeouts.withLock(\.write) }
        set { timeouts.withLock { $0.write = newValue } }
    }

    /// How much room to make for a read of at most `limit` bytes.
    func room(atMost limit: Int) -> Int {
        min(limit, usualRoom.load(ordering: .relaxed))
    }

    /// A read brought so many bytes: the next one makes more room when these filled it, less when
    /// they were few.
    func noteRead(_ count: Int) {
        let room = usualRoom.load(ordering: .relaxed)
        if count >= room, room < Self.mostRoom {
            usualRoom.store(room * 2, ordering: .relaxed)
        } else if count < room / 4, room > Self.leastRoom {
            usualRoom.store(room / 2, ordering: .relaxed)
        }
    }

    /// Claims one direction until ``release(_:)``.
    func claim(
        _ direction: Readiness.Direction, _ operation: NetError.Operation
    ) throws(NetError) {
        let flag =
            direction == .reading
            ? isRead.exchange(true, ordering: .acquiring)
            : isWritten.exchange(true, ordering: .acquiring)
        guard !flag else {
            throw NetError(.busy, doing: operation, address: remote)
        }
    }

    func release(_ direction: Readiness.Direction) {
        switch direction {
        case .reading: isRead.store(false, ordering: .releasing)
        default: isWritten.store(false, ordering: .releasing)
        }
    }

    func error(_ failure: Failure, _ operation: NetError.Operation) -> NetError {
        NetError(failure, doing: operation, address: remote)
    }
}

/// Which direction of a stream ends.
public enum StreamHalf: Int32, Hashable, Sendable, CaseIterable {
    /// Nothing is read any more; what comes is thrown away.
    case read = 0
    /// Nothing is written any more: the peer reads the end of the stream.
    case write = 1
    case both = 2
}

/// What an attempt did that does not wait.
public enum Attempt: Hashable, Sendable {
    /// So many bytes went.
    case moved(Int)
    /// The peer has finished: there is nothing to read and never will be.
    case ended
    /// Nothing can be moved now.
    case wouldBlock
}
