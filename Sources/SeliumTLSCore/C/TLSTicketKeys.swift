internal import CBoringTLS

/// What a server seals its tickets with (RFC 8446 §4.6.1, RFC 5077 §5.5).
///
/// Whoever has a key can pretend to be any client that was given a ticket: a key is a secret like the
/// server's own. One value may serve several contexts, as those before and after a certificate was
/// renewed; and several threads.
@safe
public final class TLSTicketKeys: Sendable {
    /// Bytes of one key.
    public static let keyLength = Int(BTLS_TICKET_KEY_LENGTH)
    /// Keys at once: the first seals, the others only open.
    public static let maximumKeys = Int(BTLS_MAX_TICKET_KEYS)

    /// SAFETY: the library guards it with a lock of its own.
    nonisolated(unsafe) let handle: OpaquePointer

    /// A key drawn here, that nobody else knows: tickets end with the process. It renews itself, as
    /// soon as it is older than the lifetime of a ticket; the one before it opens still.
    ///
    /// - Throws: `.outOfMemory`.
    public init() throws(TLSError) {
        guard let keys = unsafe btls_ticket_keys_new() else {
            throw TLSError(BTLS_OUT_OF_MEMORY)
        }
        unsafe self.handle = keys
    }

    /// Keys that several servers share, or that outlive the process. They do not renew themselves:
    /// ``replace(with:)`` does.
    ///
    /// - Parameter keys: 1 to ``maximumKeys`` of ``keyLength`` random bytes each; the first seals.
    /// - Throws: `.invalidResumption` for any other number or length, `.outOfMemory`.
    public convenience init(_ keys: [[UInt8]]) throws(TLSError) {
        try self.init()
        try self.replace(with: keys)
    }

    /// From now on these, and no other.
    ///
    /// - Throws: `.invalidResumption`, and then nothing has changed.
    public func replace(with keys: [[UInt8]]) throws(TLSError) {
        guard (1...Self.maximumKeys).contains(keys.count),
            keys.allSatisfy({ $0.count == Self.keyLength })
        else {
            throw TLSError(
                .invalidResumption,
                "ticket keys are 1 to \(Self.maximumKeys) of \(Self.keyLength) bytes each")
        }
        let done = unsafe Array(keys.joined()).withUnsafeBufferPointer { bytes in
            unsafe btls_ticket_keys_set(self.handle, bytes.baseAddress, keys.count)
        }
        guard done == 1 else { throw TLSError(BTLS_OUT_OF_MEMORY) }
    }

    /// A fresh key seals from now on; the one before it opens still, older ones do not: after two
    /// calls no earlier ticket is worth anything.
    public func rotate() {
        unsafe btls_ticket_keys_rotate(self.handle)
    }

    deinit {
        unsafe btls_ticket_keys_free(self.handle)
    }
}
