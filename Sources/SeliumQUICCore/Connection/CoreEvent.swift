/// What a connection has to tell its owner.
package enum CoreEvent {
    /// Both sides have keys. A client was not judged yet, see `handshakeConfirmed`.
    case handshakeCompleted
    /// The server accepted the client, certificate included (RFC 9001 §4.1.2).
    case handshakeConfirmed
    /// The other side opened a stream.
    case streamOpened(CoreStream)
    /// There are bytes, an end or a reset to read.
    case readable(CoreStream)
    /// There is room to write, or writing is over.
    case writable(CoreStream)
    /// The other side grants more streams.
    case streamCredit
    /// The connection is over.
    case ended(QUICConnectionEnd)
}

/// What reading a stream gave.
package enum CoreRead {
    /// At least one byte.
    case bytes([UInt8])
    /// The other side finished, and everything was read.
    case end
    /// The other side gave up with this code.
    case reset(UInt64)
    /// Nothing yet: wait for `readable`.
    case blocked
    /// We stopped reading it ourselves.
    case stopped
    /// The connection is over.
    case ended(QUICConnectionEnd)
}

/// What writing to a stream gave.
package enum CoreWrite {
    /// So many bytes were taken; 0 means: wait for `writable`.
    case taken(Int)
    /// The other side wants no more.
    case stopped(UInt64)
    /// Our half was finished or reset before.
    case closed
    /// The connection is over.
    case ended(QUICConnectionEnd)
}
