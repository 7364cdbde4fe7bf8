/// Where a Unix-domain socket lives: a path, a name in Linux's abstract namespace, or nowhere.
///
/// Paths and names are bytes to the kernel, so they are bytes here (`sockaddr_un`, unix(7)).
public struct UnixAddress: Hashable, Sendable, LosslessStringConvertible {
    /// The three kinds of address.
    public enum Kind: Hashable, Sendable {
        /// A socket that was never bound: most clients.
        case unnamed
        /// A path in the file system, without its final NUL.
        case path([UInt8])
        /// A name of the abstract namespace, without the NUL in front that tells it from a path.
        case abstract([UInt8])
    }

    /// The longest path or abstract name in bytes: `sun_path` has 108, and one is the NUL.
    public static let maximumLength = 107

    /// Which of the three it is.
    public let kind: Kind

    /// The address of a socket that has none.
    public static let unnamed = UnixAddress(kind: .unnamed)

    private init(kind: Kind) {
        self.kind = kind
    }

    /// A path of 1 to 107 bytes without NUL.
    public init(path: some Collection<UInt8>) throws(AddressError) {
        try Self.checkLength(path.count)
        if let index = Array(path).firstIndex(of: 0) { throw AddressError(.embeddedNUL, at: index) }
        kind = .path(Array(path))
    }

    /// A path in UTF-8.
    public init(path: some StringProtocol) throws(AddressError) {
        try self.init(path: Array(path.utf8))
    }

    /// A name of the abstract namespace, 1 to 107 bytes of any value. Any process of the same
    /// network namespace may connect to it: there is no file whose mode could forbid that.
    public init(abstract name: some Collection<UInt8>) throws(AddressError) {
        try Self.checkLength(name.count)
        kind = .abstract(Array(name))
    }

    /// A name of the abstract namespace in UTF-8.
    public init(abstract name: some StringProtocol) throws(AddressError) {
        try self.init(abstract: Array(name.utf8))
    }

    /// Reads `/a/path`, or an abstract name behind `@` (as ss(8) and systemd.socket(5) write it) or
    /// behind the NUL that the kernel itself uses. A file called `@x` is written `./@x`.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        switch text.utf8.first {
        case UInt8(ascii: "@"), 0: try self.init(abstract: Array(text.utf8.dropFirst()))
        default: try self.init(path: Array(text.utf8))
        }
    }

    /// Reads an address as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let address = try? UnixAddress(parsing: description) else { return nil }
        self = address
    }

    private static func checkLength(_ count: Int) throws(AddressError) {
        guard (1...maximumLength).contains(count) else {
            throw AddressError(.badPathLength, at: count)
        }
    }

    /// The path as text, nil for the other kinds and for bytes that are not UTF-8.
    public var path: String? {
        guard case .path(let bytes) = kind else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The path, the name behind `@`, or `unnamed`. What is not UTF-8 is repaired, so only
    /// addresses in UTF-8 read back as the same value; whoever shows it on a terminal escapes it.
    public var description: String {
        switch kind {
        case .unnamed: "unnamed"
        case .path(let bytes):
            // A relative path must not read back as an abstract name.
            (bytes.first == UInt8(ascii: "@") ? "./" : "") + String(decoding: bytes, as: UTF8.self)
        case .abstract(let bytes): "@" + String(decoding: bytes, as: UTF8.self)
        }
    }
}
