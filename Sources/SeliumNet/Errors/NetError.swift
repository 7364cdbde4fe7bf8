internal import CPosix
internal import Glibc

/// Why an operation on a socket did not do what was asked.
///
/// Being cancelled and being shut down are outcomes of their own: they carry no errno, and
/// ``isInterruption`` tells them from what the network or the system did.
public struct NetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done.
    public enum Operation: String, Hashable, Sendable {
        case resolve, bind, listen, accept, connect, read, write, send, receive, peek, shutdown
        case option, join, leave, adopt, open, passDescriptors, receiveDescriptors, block
    }

    /// What happened.
    public let code: Code
    /// While doing what.
    public let operation: Operation
    /// With which address, when there is one.
    public let address: EndpointAddress?
    /// The system's number for it; nil when the system was not the one that said no.
    public let errno: Int32?
    /// The question that the authority answered with no, for ``Code/denied``.
    public let denial: NetworkDenial?
    /// What the code and the address do not say.
    public let detail: String?

    /// An error of this room's own making.
    public init(
        _ code: Code, doing operation: Operation, address: EndpointAddress? = nil,
        errno: Int32? = nil, denial: NetworkDenial? = nil, detail: String? = nil
    ) {
        self.code = code
        self.operation = operation
        self.address = address
        self.errno = errno
        self.denial = denial
        self.detail = detail
    }

    init(_ denial: NetworkDenial, doing operation: Operation, address: EndpointAddress? = nil) {
        self.init(.denied, doing: operation, address: address, denial: denial)
    }

    init(_ failure: Failure, doing operation: Operation, address: EndpointAddress? = nil) {
        switch failure {
        case .system(let number):
            self.init(Code(errno: number), doing: operation, address: address, errno: number)
        case .cancelled: self.init(Code.cancelled, doing: operation, address: address)
        case .shutDown: self.init(Code.shutDown, doing: operation, address: address)
        case .timedOut: self.init(Code.timedOut, doing: operation, address: address)
        case .closed: self.init(Code.closed, doing: operation, address: address)
        case .crowded:
            self.init(
                Code.exhausted, doing: operation, address: address,
                detail: "too many tasks wait for it")
        }
    }

    /// Whether nothing went wrong: the task was cancelled or the service is shutting down.
    public var isInterruption: Bool { code == .cancelled || code == .shutDown }

    /// `ECONNRESET` and so on; nil when there is no ``errno``.
    public var errnoName: String? { errno.map(SystemName.of) }

    /// One line for logs and people.
    public var description: String {
        var text = "\(operation.rawValue)"
        if let address { text += " (\(address))" }
        text += ": \(code)"
        if let errnoName { text += " [\(errnoName)]" }
        if let detail { text += ", \(detail)" }
        if let denial { text += ", \(denial)" }
        return text
    }
}
