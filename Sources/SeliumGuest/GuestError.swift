public import SeliumABI

/// Why a host call failed.
public struct GuestError: Error, Hashable, Sendable {
    /// The number the host answered. `notCapable` means that a capability was not granted.
    public let errno: Errno

    /// An error with this number.
    public init(errno: Errno) {
        self.errno = errno
    }
}
