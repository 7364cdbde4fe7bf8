/// Why a table or machine of the process world refused something.
public struct KernelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal.
    public enum Code: Sendable, Hashable {
        /// Text that breaks its grammar, or a value out of range.
        case invalid
        /// Nothing of that name or number.
        case notFound
        /// The name belongs to a living process.
        case nameTaken
        /// A quota or ceiling.
        case exhausted
        /// The caller's role may not hand this out.
        case denied
        /// Somebody else holds it now.
        case busy
        /// It has ended for good.
        case ended
        /// A newer claim has taken its place.
        case superseded
        /// An idempotency key came back with another request.
        case mismatch
        /// A log position beyond the next one.
        case outOfRange(LogRange)
        /// Bytes that are not what was announced.
        case corrupt
    }

    public var code: Code
    /// One sentence, no full stop at the end.
    public var message: String
    /// What to do next, or empty.
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message)\n\(remedy)" }
}
