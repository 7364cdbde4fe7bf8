internal import CBoringTLS

/// An incremental SHA-256 (FIPS 180-4): update as often as needed, then finalize.
///
/// A value: a copy continues on its own from where it was taken.
public struct SHA256: Sendable {
    /// Length of a digest in bytes.
    public static let digestLength = 32

    private var state: btls_sha256

    /// An empty hash.
    public init() {
        self.state = btls_sha256()
        unsafe btls_sha256_init(&self.state)
    }

    /// Appends `bytes`.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe btls_sha256_update(&self.state, buffer.baseAddress, buffer.count)
        }
    }

    /// Appends `bytes`.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            unsafe btls_sha256_update(&self.state, buffer.baseAddress, buffer.count)
        }
        if done == nil {
            self.update(Array(bytes).span)
        }
    }

    /// The 32-byte digest of everything appended so far; the hash itself can go on.
    public func finalize() -> [UInt8] {
        var copy = self.state
        let length = Self.digestLength
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe btls_sha256_finish(&copy, base)
            initialized = length
        }
    }

    /// The digest of `bytes` in one go.
    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }
}
