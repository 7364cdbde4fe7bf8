/// Why a runtime cannot be opened: for the person who starts it, so it may name paths.
public struct RuntimeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence, no full stop.
    public var message: String
    /// What to do next, or empty.
    public var remedy: String

    public init(_ message: String, remedy: String = "") {
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message)\n\(remedy)" }
}
