/// Who uploads what: partial files by (namespace, digest), one writer each, charged with the size
/// that was declared.
///
/// The newest writer is the one: a client that was killed and comes back must not wait until the
/// server knows that its old connection is dead. Nobody gains anything by it, as the bytes are
/// judged by their hash and both writers belong to the same namespace.
public struct UploadTable: Sendable {
    /// What identifies a partial file.
    public struct Key: Hashable, Sendable {
        public var namespace: Namespace
        public var digest: ModuleDigest

        public init(namespace: Namespace, digest: ModuleDigest) {
            self.namespace = namespace
            self.digest = digest
        }
    }

    private struct Partial {
        var size: UInt64
        var received: UInt64
        var token: UInt64?
        /// When nobody wrote it any more, monotonic.
        var idleSince: UInt64
    }

    private var partials: [Key: Partial] = [:]
    private var tokens: UInt64 = 0

    public init() {}

    /// Partial files of a namespace.
    public func count(in namespace: Namespace) -> Int {
        partials.keys.count { $0.namespace == namespace }
    }

    /// A partial file that an earlier run left, `received` bytes of it safely on disk.
    public mutating func restore(_ key: Key, size: UInt64, received: UInt64, now: UInt64) {
        partials[key] = Partial(size: size, received: received, token: nil, idleSince: now)
    }

    /// What a writer is told.
    public struct Begun: Sendable, Hashable {
        public var token: UInt64
        /// Go on from here; 0 when the file begins anew.
        public var offset: UInt64
    }

    /// Becomes the one writer; an older one is superseded. Fails with `exhausted` (quota of role
    /// `user`) or `invalid`, and then changes nothing.
    ///
    /// After a writer that had not let go, `offset` counts bytes that may not be on disk yet:
    /// `rewind` follows.
    ///
    /// - Parameters:
    ///   - stored: bytes of modules the namespace has already.
    public mutating func begin(
        _ key: Key, size: UInt64, role: Role, stored: UInt64
    ) throws(KernelError) -> Begun {
        guard size >= 8, size <= Limits.moduleBytes else {
            throw KernelError(
                .invalid, "a module has 8 to \(Limits.moduleBytes) bytes, this one \(size)")
        }
        let existing = partials[key]
        if role == .user {
            let others = partials.filter { $0.key.namespace == key.namespace && $0.key != key }
            guard others.count < Limits.userUploads else {
                throw KernelError(
                    .exhausted,
                    "namespace \(key.namespace) has \(Limits.userUploads) unfinished uploads")
            }
            let pending = others.values.reduce(0) { $0 + $1.size }
            guard pending + size + stored <= Limits.userModuleBytes else {
                throw KernelError(
                    .exhausted,
                    "namespace \(key.namespace) may hold \(Limits.userModuleBytes >> 20) MiB of modules"
                )
            }
        }
        tokens += 1
        // Another size is another file, whatever was received.
        let received = existing.flatMap { $0.size == size ? $0.received : nil } ?? 0
        partials[key] = Partial(size: size, received: received, token: tokens, idleSince: 0)
        return Begun(token: tokens, offset: received)
    }

    /// Only `durable` bytes are on disk; says where the new writer goes on. Fails with `ended` or
    /// `superseded`.
    public mutating func rewind(
        _ key: Key, token: UInt64, to durable: UInt64
    ) throws(KernelError) -> UInt64 {
        let offset = min(durable, try held(key, token: token).received)
        partials[key]?.received = offset
        return offset
    }

    /// `count` more bytes came; nothing changes on failure. Fails with `invalid` when they are more
    /// than declared, `ended` when the claim was given up, `superseded` when a newer one holds.
    public mutating func received(
        _ count: Int, key: Key, token: UInt64
    ) throws(KernelError) {
        let partial = try held(key, token: token)
        guard UInt64(count) <= partial.size - partial.received else {
            throw KernelError(.invalid, "more bytes than the \(partial.size) that were announced")
        }
        partials[key]?.received += UInt64(count)
    }

    /// Checks that all bytes came. Fails with `invalid`, `ended` or `superseded`.
    public func complete(_ key: Key, token: UInt64) throws(KernelError) {
        let partial = try held(key, token: token)
        guard partial.received == partial.size else {
            throw KernelError(
                .invalid, "the upload ended after \(partial.received) of \(partial.size) bytes")
        }
    }

    /// The writer lets go; `durable` bytes are on disk for a resume. An old claim changes nothing,
    /// and false says so.
    @discardableResult
    public mutating func suspend(_ key: Key, token: UInt64, durable: UInt64, now: UInt64) -> Bool {
        guard let partial = partials[key], partial.token == token else { return false }
        partials[key] = Partial(
            size: partial.size, received: min(durable, partial.received), token: nil, idleSince: now
        )
        return true
    }

    /// The file is gone: it became a module, or was thrown away. An old claim changes nothing.
    public mutating func remove(_ key: Key, token: UInt64) {
        if partials[key]?.token == token { partials[key] = nil }
    }

    /// Forgets what nobody continued in time and says what, so that the files go too.
    public mutating func expire(now: UInt64) -> [Key] {
        let old = partials.filter {
            $0.value.token == nil && now > $0.value.idleSince
                && now - $0.value.idleSince > Limits.uploadLifetime
        }.map(\.key)
        for key in old { partials[key] = nil }
        return old
    }

    private func held(_ key: Key, token: UInt64) throws(KernelError) -> Partial {
        guard let partial = partials[key], let holder = partial.token else {
            throw KernelError(.ended, "this upload was given up")
        }
        guard holder == token else { throw Self.superseded }
        return partial
    }

    /// What an old writer hears.
    public static let superseded = KernelError(
        .superseded, "another upload of this module took over")
}
