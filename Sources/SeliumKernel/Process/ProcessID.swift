/// A process's number: assigned by the server, monotonic, persisted, never reused.
///
/// 1 up to 2^53 − 1, so that a JSON reader that only knows doubles keeps it exact.
public struct ProcessID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: UInt64

    /// The largest id, 2^53 − 1.
    public static let maximum: UInt64 = (1 << 53) - 1

    /// An id, or nil outside 1…2^53 − 1.
    public init?(_ rawValue: UInt64) {
        guard rawValue >= 1, rawValue <= Self.maximum else { return nil }
        self.rawValue = rawValue
    }

    public var description: String { String(rawValue) }

    public static func < (a: ProcessID, b: ProcessID) -> Bool { a.rawValue < b.rawValue }
}
