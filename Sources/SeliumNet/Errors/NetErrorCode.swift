internal import Glibc

extension NetError {
    /// What happened, for programs.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case cancelled, shutDown, timedOut, closed, denied, invalidAddress, unknownName
            case temporaryNameFailure, refused, reset, brokenPipe, unreachable, addressInUse
            case addressUnavailable, permission, exhausted, messageTooLong, notFound
            case notConnected, truncated, busy, wrongThread, unsupported, invalidArgument, other
        }

        private let kind: Kind

        /// The task was cancelled. No byte is lost: what was not taken is still there.
        public static let cancelled = Code(kind: .cancelled)
        /// The shutdown token that was given has fired.
        public static let shutDown = Code(kind: .shutDown)
        /// The deadline of the operation passed, or the system gave up (ETIMEDOUT).
        public static let timedOut = Code(kind: .timedOut)
        /// The socket was closed on this side.
        public static let closed = Code(kind: .closed)
        /// The authority said no; see ``NetError/denial``.
        public static let denied = Code(kind: .denied)
        /// A text that is no address, or an address of the wrong kind.
        public static let invalidAddress = Code(kind: .invalidAddress)
        /// A name without addresses.
        public static let unknownName = Code(kind: .unknownName)
        /// The resolver could not answer now.
        public static let temporaryNameFailure = Code(kind: .temporaryNameFailure)
        /// Nobody listens there.
        public static let refused = Code(kind: .refused)
        /// The peer ended the connection without finishing it, or the kernel did before it was
        /// accepted.
        public static let reset = Code(kind: .reset)
        /// Nobody reads what is written; raised instead of SIGPIPE.
        public static let brokenPipe = Code(kind: .brokenPipe)
        /// No route to the host or its network.
        public static let unreachable = Code(kind: .unreachable)
        /// Somebody else has this address and port.
        public static let addressInUse = Code(kind: .addressInUse)
        /// No interface of this machine has this address.
        public static let addressUnavailable = Code(kind: .addressUnavailable)
        /// The system does not allow it to this user.
        public static let permission = Code(kind: .permission)
        /// Out of descriptors, memory or room in one of this room's bounds.
        public static let exhausted = Code(kind: .exhausted)
        /// A datagram beyond what the path or the protocol carries.
        public static let messageTooLong = Code(kind: .messageTooLong)
        /// No socket at this path.
        public static let notFound = Code(kind: .notFound)
        /// The socket has no peer.
        public static let notConnected = Code(kind: .notConnected)
        /// More came than was taken; what came with it is closed.
        public static let truncated = Code(kind: .truncated)
        /// Another task is reading, or writing, this stream.
        public static let busy = Code(kind: .busy)
        /// Blocking was asked for on a thread that must not block.
        public static let wrongThread = Code(kind: .wrongThread)
        /// The system or this socket has no such thing.
        public static let unsupported = Code(kind: .unsupported)
        /// A value that the operation cannot take.
        public static let invalidArgument = Code(kind: .invalidArgument)
        /// Something else; ``NetError/errno`` says what.
        public static let other = Code(kind: .other)

        private init(kind: Kind) {
            self.kind = kind
        }

        init(errno: Int32) {
            kind =
                switch errno {
                case ETIMEDOUT: .timedOut
                case ECONNREFUSED: .refused
                case ECONNRESET, ECONNABORTED: .reset
                case EPIPE: .brokenPipe
                case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN: .unreachable
                case EADDRINUSE: .addressInUse
                case EADDRNOTAVAIL: .addressUnavailable
                case EACCES, EPERM: .permission
                case EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, ETOOMANYREFS: .exhausted
                case EMSGSIZE: .messageTooLong
                case ENOENT: .notFound
                case ENOTCONN, EDESTADDRREQ: .notConnected
                case EOVERFLOW: .truncated
                case EOPNOTSUPP, ENOPROTOOPT, EAFNOSUPPORT, EPROTONOSUPPORT, ENOTSOCK:
                    .unsupported
                case EINVAL, EISCONN, EDOM: .invalidArgument
                default: .other
                }
        }

        /// The name of the case.
        public var description: String { kind.rawValue }
    }
}
