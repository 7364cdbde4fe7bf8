/// Why a text or a byte string is not an address.
///
/// The code is for programs, the text for people; nobody matches on the text.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, one case per rule that can be broken.
    public enum Code: String, Hashable, Sendable {
        /// Empty, or ends where something has to follow.
        case truncated
        /// A character that cannot stand at its place.
        case unexpectedCharacter
        /// A decimal octet or port with a zero in front: other parsers read it as octal.
        case leadingZero
        /// A number that does not fit its field.
        case outOfRange
        /// More or fewer groups than the address has.
        case wrongGroupCount
        /// `::` twice, or where no group is left to stand for.
        case misplacedCompression
        /// The zone behind `%` is not the decimal number of an interface.
        case badZone
        /// A byte string that is not 4 or 16 long.
        case wrongLength
        /// A prefix with bits set behind its length.
        case hostBitsSet
        /// The port is missing, no decimal number, or beyond 65535.
        case badPort
        /// A Unix socket's path or name beyond ``UnixAddress/maximumLength``, or an empty one.
        case badPathLength
        /// A NUL inside the path of a Unix socket: the kernel would cut it there.
        case embeddedNUL
        /// Not a host name, see ``HostName``.
        case badHostName
    }

    /// The rule that was broken.
    public let code: Code
    /// Where in the text, in bytes from its start.
    public let offset: Int

    /// Makes an error at a byte offset of the text that was read.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// The rule and the place, without the text that was read: that one came from outside.
    public var description: String {
        let reason =
            switch code {
            case .truncated: "the address ends too early"
            case .unexpectedCharacter: "a character that does not belong here"
            case .leadingZero: "a decimal number with a leading zero"
            case .outOfRange: "a number that is too large"
            case .wrongGroupCount: "the wrong number of groups"
            case .misplacedCompression: "'::' where it cannot stand"
            case .badZone: "a zone that is not an interface number"
            case .wrongLength: "neither 4 nor 16 bytes"
            case .hostBitsSet: "bits set behind the prefix length"
            case .badPort: "a port that is no number up to 65535"
            case .badPathLength: "a path or name that is empty or too long for a Unix socket"
            case .embeddedNUL: "a NUL inside a path"
            case .badHostName: "not a host name"
            }
        return "\(reason) (at byte \(offset))"
    }
}
