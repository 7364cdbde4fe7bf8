/// Why a certificate, or a file with one, was not made, found or taken.
public struct CertificateError: Error, Hashable, Sendable {
    /// The kinds of failure. More may come; compare, never switch exhaustively.
    public struct Code: Hashable, Sendable {
        private enum Kind: Hashable, Sendable {
            case alreadyExists, stillValid, reservedName, invalidName, invalidHost, invalidDays
            case noAuthority, unreadable, missing, unsafeDirectory, unsafeKeyFile, writeFailed
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// Files are there already and nothing was changed; see `existing`.
        public static let alreadyExists = Code(.alreadyExists)
        /// A certificate of that name is still valid; see `existing`.
        public static let stillValid = Code(.stillValid)
        /// The name is kept for the runtime or for the operator.
        public static let reservedName = Code(.reservedName)
        /// The name is not `[a-z0-9][a-z0-9._-]{0,62}`.
        public static let invalidName = Code(.invalidName)
        /// A host is neither a DNS name nor an IP address, or there is none.
        public static let invalidHost = Code(.invalidHost)
        /// The number of days is not positive, too large, or outlives the CA.
        public static let invalidDays = Code(.invalidDays)
        /// The directory holds no usable ca.crt with its ca.key.
        public static let noAuthority = Code(.noAuthority)
        /// A file is there and cannot be read, or does not hold what its name says.
        public static let unreadable = Code(.unreadable)
        /// A file or directory is not there.
        public static let missing = Code(.missing)
        /// The directory belongs to somebody else or others may write into it.
        public static let unsafeDirectory = Code(.unsafeDirectory)
        /// The key file belongs to somebody else or others may read it.
        public static let unsafeKeyFile = Code(.unsafeKeyFile)
        /// A file could not be written; what was begun was removed again.
        public static let writeFailed = Code(.writeFailed)
    }

    /// What kind of failure.
    public let code: Code
    /// One line for people, without secrets.
    public let message: String
    /// The file or directory it is about.
    public let path: String?
    /// The permission bits of `path`, when they are the reason.
    public let mode: UInt32?
    /// What is there already, when that is the reason.
    public let existing: [CertificateSummary]

    init(
        _ code: Code, _ message: String, path: String? = nil, mode: UInt32? = nil,
        existing: [CertificateSummary] = []
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.mode = mode
        self.existing = existing
    }
}

extension CertificateError: CustomStringConvertible {
    /// The message.
    public var description: String { self.message }
}
