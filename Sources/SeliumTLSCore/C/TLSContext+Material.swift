internal import CBoringTLS

extension TLSContext {
    /// What the engine's context is made of, gathered from either kind of configuration.
    struct Material {
        var isServer: Bool
        var groups: [KeyExchangeGroup]
        var chain: [UInt8] = []
        var key: [UInt8] = []
        var roots: [UInt8] = []
        var requiresClientCertificate = false
        var protocols: [UInt8] = []
        var ticketKeys: TLSTicketKeys?
        var ticketLifetime: UInt32 = 0
        var keepsTickets = false

        init(groups: [KeyExchangeGroup], isServer: Bool) {
            self.groups = groups
            self.isServer = isServer
        }

        /// Makes the engine's context; every byte is copied by it.
        func makeContext() throws(TLSError) -> OpaquePointer {
            let names = self.groups.compactMap(\.configurationName).joined(separator: ":")
            var status = BTLS_OK
            let context = unsafe self.chain.withUnsafeBufferPointer { chain in
                unsafe self.key.withUnsafeBufferPointer { key in
                    unsafe self.roots.withUnsafeBufferPointer { roots in
                        unsafe self.protocols.withUnsafeBufferPointer { protocols in
                            unsafe names.withCString { groups in
                                var options = unsafe btls_context_options()
                                unsafe options.is_server = self.isServer ? 1 : 0
                                unsafe options.certificate_chain = btls_bytes(chain)
                                unsafe options.private_key = btls_bytes(key)
                                unsafe options.trust_roots = btls_bytes(roots)
                                unsafe options.require_client_certificate =
                                    self.requiresClientCertificate ? 1 : 0
                                unsafe options.protocols = btls_bytes(protocols)
                                unsafe options.groups = names.isEmpty ? nil : groups
                                unsafe options.ticket_keys = self.ticketKeys?.handle
                                unsafe options.ticket_lifetime = self.ticketLifetime
                                unsafe options.keeps_tickets = self.keepsTickets ? 1 : 0
                                return unsafe btls_context_new(&options, &status)
                            }
                        }
                    }
                }
            }
            guard let context = unsafe context else {
                throw TLSError(status)
            }
            return unsafe context
        }

        mutating func allow(_ resumption: TLSServerConfiguration.Resumption) throws(TLSError) {
            guard case .tickets(let lifetime, let keys) = resumption else { return }
            guard let seconds = UInt32(exactly: lifetime.components.seconds),
                (1...UInt32(BTLS_MAX_TICKET_LIFETIME)).contains(seconds)
            else {
                throw TLSError(.invalidResumption, "a ticket is good for 1 s to 7 days")
            }
            self.ticketLifetime = seconds
            self.ticketKeys = keys
        }

        /// What a cache keeps apart: everything that decides whom a client believes, and what it
        /// shows of itself.
        var digest: [UInt8] {
            let groups = self.groups.flatMap {
                [UInt8($0.rawValue >> 8), UInt8($0.rawValue & 255)]
            }
            // Of each part its own digest, so that no two ways of cutting the same bytes meet.
            let parts = [self.roots, self.chain, self.protocols, groups]
            return SHA256.hash(parts.flatMap { SHA256.hash($0) })
        }
    }

    /// ALPN names as RFC 7301 §3.1 writes them: each behind its length octet.
    static func wireFormat(_ protocols: [String]) throws(TLSError) -> [UInt8] {
        var wire: [UInt8] = []
        for name in protocols {
            let bytes = Array(name.utf8)
            guard !bytes.isEmpty, let length = UInt8(exactly: bytes.count) else {
                throw TLSError(.invalidProtocols, "an ALPN protocol has 1 to 255 bytes")
            }
            wire.append(length)
            wire.append(contentsOf: bytes)
        }
        guard !wire.isEmpty else {
            throw TLSError(.invalidProtocols, "at least one ALPN protocol is needed")
        }
        return wire
    }
}

extension btls_bytes {
    /// Borrows an array's storage for one call.
    init(_ buffer: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(data: buffer.baseAddress, length: buffer.count)
    }

    /// The bytes, copied.
    var array: [UInt8] {
        guard let data = unsafe self.data else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: data, count: self.length))
    }
}

extension TLSError {
    /// What a status of the engine means for who made a context or session.
    init(_ status: btls_status) {
        switch status {
        case BTLS_UNREADABLE_CERTIFICATE:
            self.init(.unreadableCertificate, "the certificate is neither PEM nor DER")
        case BTLS_UNREADABLE_PRIVATE_KEY:
            self.init(
                .unreadablePrivateKey, "the private key is neither PEM nor DER, or it is encrypted")
        case BTLS_UNREADABLE_TRUST_ROOTS:
            self.init(.unreadableTrustRoots, "there is no readable certificate of a CA")
        case BTLS_KEY_MISMATCH:
            self.init(.keyMismatch, "the private key is not the certificate's")
        case BTLS_UNSUITABLE_CERTIFICATE:
            self.init(.unsuitableCertificate, "the certificate is not for use in a handshake")
        case BTLS_INVALID_PROTOCOLS:
            self.init(.invalidProtocols, "the ALPN protocols are not valid")
        case BTLS_INVALID_NAME:
            self.init(.invalidServerName, "the server's name is neither a host name nor an address")
        case BTLS_OUT_OF_MEMORY:
            self.init(.outOfMemory, "no memory for TLS")
        default:
            self.init(.handshakeFailed, "the TLS engine refused")
        }
    }
}
