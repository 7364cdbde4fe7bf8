/// Why bytes are not a DNS message, or a value has no form on the wire.
///
/// The code is for programs, the text for people; nobody matches on the text.
public struct DNSFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, one case per rule that can be broken.
    public enum Code: String, Hashable, Sendable {
        /// The bytes end inside a field, or a length or count promises more than there is.
        case truncated
        /// A label of the reserved kinds 0x40 and 0x80 (RFC 6891 section 5), or an empty one.
        case badLabel
        /// A compression pointer that does not point backwards (RFC 1035 section 4.1.4), or one more
        /// than a name may follow.
        case badPointer
        /// A pointer where none may stand: the target of SVCB (RFC 9460 section 2.2).
        case compressionNotAllowed
        /// A name beyond 255 bytes or a label beyond 63 (RFC 1035 section 2.3.4).
        case nameTooLong
        /// An escape or a byte in the text of a name that cannot stand there.
        case badText
        /// A record whose data is shorter or longer than its type has it.
        case badRecordLength
        /// A field of a record with a value that its type forbids.
        case badValue
        /// A second OPT record, or one that is not in the additional section or not at the root
        /// (RFC 6891 section 6.1.1).
        case misplacedOPT
        /// Bytes behind the last record that the header counts.
        case trailingBytes
        /// Beyond 65,535 bytes, or beyond the limit the caller set.
        case messageTooLong
        /// A response code above 15 without EDNS, which alone can carry it (RFC 6891 section 6.1.3).
        case needsEDNS
    }

    /// The rule that was broken.
    public let code: Code
    /// Where, in bytes from the start of the message, name or text.
    public let offset: Int

    /// Makes an error at a byte offset of what was read or written.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// The rule and the place, without what was read: that came from outside.
    public var description: String { "DNS: \(code.rawValue) (at byte \(offset))" }
}
