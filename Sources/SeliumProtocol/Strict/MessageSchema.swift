/// What a message of a request may hold: the strict reader's table. A test compares it with
/// control.proto.
package final class MessageSchema: Sendable {
    /// The message's name in control.proto.
    package let name: String
    package let fields: [FieldSchema]

    init(_ name: String, _ fields: [FieldSchema]) {
        self.name = name
        self.fields = fields
    }
}

/// One field of a request.
package struct FieldSchema: Sendable {
    /// The types that occur in requests.
    package enum Kind: Sendable {
        case bool
        case uint32
        case uint64
        case sint64
        case float
        case double
        case bytes
        case string
        /// Numbers from 0 to this one, all of them known.
        case enumeration(name: String, last: UInt64)
        case message(MessageSchema)
    }

    /// How often the field may come.
    package enum Multiplicity: Sendable, Equatable {
        case once
        /// At most once, and no other field with the same number of a oneof.
        case oneOf(UInt8)
        /// At most so many times.
        case repeated(Int)
    }

    package let number: UInt64
    /// The name in control.proto, which is what a field path shows.
    package let name: String
    package let kind: Kind
    package let multiplicity: Multiplicity

    init(
        _ number: UInt64, _ name: String, _ kind: Kind, _ multiplicity: Multiplicity = .once
    ) {
        self.number = number
        self.name = name
        self.kind = kind
        self.multiplicity = multiplicity
    }

    /// The wire type a single value has.
    var wireType: WireType {
        switch kind {
        case .bool, .uint32, .uint64, .sint64, .enumeration: .varint
        case .float: .fixed32
        case .double: .fixed64
        case .bytes, .string, .message: .lengthDelimited
        }
    }

    /// Whether several values may come in one length-delimited field (proto3's packed form).
    var mayBePacked: Bool {
        guard case .repeated = multiplicity else { return false }
        return wireType != .lengthDelimited
    }
}
