internal import CPosix
internal import Synchronization

/// A descriptor that is closed when nobody holds it, unless somebody took it.
public final class OwnedDescriptor: Sendable {
    private let number: Mutex<Int32?>

    /// Takes a descriptor over.
    public init(owning descriptor: Int32) {
        number = Mutex(descriptor)
    }

    /// Another descriptor for the same open file; the given one stays the caller's.
    public init(duplicating descriptor: Int32) throws(NetError) {
        let copy = cposix_duplicate(descriptor)
        guard copy >= 0 else { throw NetError(.system(-copy), doing: .open) }
        number = Mutex(copy)
    }

    deinit {
        if let descriptor = take() { _ = cposix_close(descriptor) }
    }

    /// Its number; nil when it was taken.
    public var descriptor: Int32? { number.withLock { $0 } }

    /// Its number, for whom it is to close now; nil when it was taken before.
    public func take() -> Int32? {
        number.withLock { number in
            defer { number = nil }
            return number
        }
    }
}
