internal import CBoringTLS

/// What a server gave a client for another connection, with the secret that belongs to it.
///
/// Immutable, and held by the TLS engine only: there are no bytes of it to be written down.
@safe
package final class TLSTicket: Sendable {
    /// SAFETY: the library counts references atomically and never changes it.
    nonisolated(unsafe) let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    /// Whether it has not expired, by its server's word and RFC 8446's week.
    package func isValid(at unixTime: Int64) -> Bool {
        unsafe btls_ticket_is_valid(self.handle, unixTime) == 1
    }

    /// What the server sealed, for tests.
    package var sealed: [UInt8] { unsafe btls_ticket_sealed(self.handle).array }

    deinit {
        unsafe btls_ticket_free(self.handle)
    }
}
