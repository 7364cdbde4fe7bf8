/// One bidirectional stream: what came, what goes, and how each half stands.
///
/// Confined to its connection's owner. It outlives the library's own stream, so that bytes which
/// arrived before the end can be read after it.
package final class CoreStream {
    /// How the other side's half stands.
    enum Receiving: Equatable {
        /// More may come.
        case open
        /// All has come; what is buffered is the rest.
        case finished
        /// The other side gave up with this code.
        case reset(UInt64)
        /// We want no more.
        case stopped
    }

    /// How our half stands.
    enum Sending: Equatable {
        case open
        /// No more will be written; FIN goes with the last byte.
        case finishing
        /// FIN is on its way or there.
        case finished
        /// We gave up.
        case reset
        /// The other side wants no more, with this code.
        case stopped(UInt64)
    }

    /// The stream's number (RFC 9000 §2.1).
    package let id: UInt64
    /// Whatever the driver keeps with it: no dictionary on the hot path.
    package var attachment: AnyObject?

    var inbox = ReceiveBuffer()
    var outbox = SendBuffer()
    var receiving = Receiving.open
    var sending = Sending.open
    /// Receive window granted now, bytes.
    var window: Int
    /// Its window counts in the connection's sum.
    var holdsWindow = true
    /// Bytes consumed since the window grew last.
    var consumedInWindow = 0

    /// In the connection's queue of streams with something to send.
    var isQueued = false
    /// A `readable` event is pending.
    var hasReadableEvent = false
    /// A `writable` event is pending.
    var hasWritableEvent = false
    /// The library is done with it: both halves ended and acknowledged, or the connection is over.
    var isClosed = false
    /// The application is done with it.
    var isReleased = false
    /// The other side opened it.
    let isRemote: Bool

    init(id: UInt64, isRemote: Bool, window: Int) {
        self.id = id
        self.isRemote = isRemote
        self.window = window
        if self.isUnidirectional { sending = .finished }
    }

    /// One half only (RFC 9000 §2.1); such a stream is the other side's, we open none.
    package var isUnidirectional: Bool { id & 2 != 0 }

    /// Whether something waits to be handed to the library: bytes, or a FIN.
    var hasSomethingToSend: Bool {
        switch sending {
        case .open: outbox.unsentCount > 0
        case .finishing: true
        case .finished, .reset, .stopped: false
        }
    }
}
