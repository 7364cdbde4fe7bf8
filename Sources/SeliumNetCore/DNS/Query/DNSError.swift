/// Why a name was not resolved.
///
/// The code is for programs, the text for people; nobody matches on the text.
public struct DNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// What was looked for is not there, though its name may be: an address without a name.
        case notFound
        /// There is no such name (NXDOMAIN).
        case hostNotFound
        /// Not now: too many lookups are under way.
        case tryAgain
        /// The server cannot do it: it does not read our query, or not this kind.
        case noRecovery
        /// The name exists, but has no record of this type.
        case noData
        /// No server answered in time.
        case timeout
        /// The servers answered that they failed (SERVFAIL).
        case serverError
        /// The text is no name that could be asked for.
        case invalidName
        /// The answer breaks the rules, or its aliases lead in a circle.
        case invalidResponse
        /// The network refused: no route, a closed port, a broken connection.
        case networkError
        /// The answer was cut off, over TCP too.
        case truncated
        /// The server refuses us, or our own authority does; see ``DNSError/denial``.
        case refused
        /// Anything else: that nobody wants the answer any more; see ``DNSError/interruption``.
        case other
    }

    /// Why nobody wants the answer any more.
    public enum Interruption: String, Hashable, Sendable {
        /// The task that asked was cancelled.
        case cancelled
        /// The service shuts down.
        case shutDown
    }

    /// What went wrong.
    public let code: Code
    /// More for people: the operation and the place. Never text of a server.
    public let message: String
    /// The grant that is missing, when it was our own authority that refused.
    public let denial: NetworkDenial?
    /// Set when nothing went wrong: the lookup was given up.
    public let interruption: Interruption?

    /// An error with a text for people.
    public init(_ code: Code, _ message: String = "", denial: NetworkDenial? = nil) {
        self.code = code
        self.message = message
        self.denial = denial
        interruption = nil
    }

    /// The lookup was given up.
    public init(interruptedBy interruption: Interruption) {
        code = .other
        message = interruption.rawValue
        denial = nil
        self.interruption = interruption
    }

    /// The code and the text.
    public var description: String {
        let reason =
            switch code {
            case .notFound: "nothing is there"
            case .hostNotFound: "no such name"
            case .tryAgain: "too many lookups, try again"
            case .noRecovery: "the server cannot answer such a query"
            case .noData: "the name has no such record"
            case .timeout: "no server answered in time"
            case .serverError: "the servers failed"
            case .invalidName: "not a name"
            case .invalidResponse: "an answer that breaks the rules"
            case .networkError: "the network failed"
            case .truncated: "the answer was cut off"
            case .refused: "refused"
            case .other: "failed"
            }
        return message.isEmpty ? reason : "\(reason): \(message)"
    }
}
