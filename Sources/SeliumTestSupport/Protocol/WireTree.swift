package import SeliumProtocol

/// A request taken apart by the strict reader's table, so that a test can spoil one place of it and
/// keep the rest, every length included, as it should be.
package struct WireTree: Sendable {
    /// A field's content without its tag (and, where it has one, its length).
    package enum Content: Sendable {
        case varint([UInt8])
        case fixed([UInt8])
        case bytes([UInt8])
        case message(WireTree)
    }

    package struct Field: Sendable {
        package var number: UInt64
        package var wireType: UInt64
        package var content: Content
    }

    package let schema: MessageSchema
    package var fields: [Field] = []
    /// Bytes behind the last field that are none.
    package var rest: [UInt8] = []

    /// Takes a message apart; what is not understood is `rest`.
    package init(_ bytes: [UInt8], _ schema: MessageSchema) {
        self.schema = schema
        var at = 0
        while at < bytes.count {
            let begin = at
            guard let field = Self.field(bytes, &at, schema) else {
                rest = Array(bytes[begin...])
                return
            }
            fields.append(field)
        }
    }

    private static func field(
        _ bytes: [UInt8], _ at: inout Int, _ schema: MessageSchema
    ) -> Field? {
        guard let tag = varint(bytes, &at) else { return nil }
        let (number, wireType) = (value(tag) >> 3, value(tag) & 7)
        func take(_ count: Int) -> [UInt8]? {
            guard count <= bytes.count - at else { return nil }
            defer { at += count }
            return Array(bytes[at..<at + count])
        }
        let content: Content?
        switch wireType {
        case 0: content = varint(bytes, &at).map { .varint($0) }
        case 1: content = take(8).map { .fixed($0) }
        case 5: content = take(4).map { .fixed($0) }
        case 2:
            let length = varint(bytes, &at).flatMap { Int(exactly: value($0)) }
            let inner = length.flatMap { take($0) }
            if case .message(let schema)? = schema.fields.first(where: { $0.number == number })?
                .kind
            {
                content = inner.map { .message(WireTree($0, schema)) }
            } else {
                content = inner.map { .bytes($0) }
            }
        default: content = nil
        }
        return content.map { Field(number: number, wireType: wireType, content: $0) }
    }

    private static func varint(_ bytes: [UInt8], _ at: inout Int) -> [UInt8]? {
        guard let end = bytes[at...].prefix(10).firstIndex(where: { $0 < 0x80 }) else { return nil }
        defer { at = end + 1 }
        return Array(bytes[at...end])
    }

    private static func value(_ varint: [UInt8]) -> UInt64 {
        varint.reversed().reduce(0) { $0 << 7 | UInt64($1 & 0x7f) }
    }

    /// A number in its shortest form.
    package static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// The message again.
    package var bytes: [UInt8] {
        var all: [UInt8] = []
        for field in fields {
            all += Self.varint(field.number << 3 | field.wireType)
            switch field.content {
            case .varint(let bytes), .fixed(let bytes): all += bytes
            case .bytes(let bytes): all += Self.varint(UInt64(bytes.count)) + bytes
            case .message(let inner):
                let bytes = inner.bytes
                all += Self.varint(UInt64(bytes.count)) + bytes
            }
        }
        return all + rest
    }

    /// The message with its length in front: a frame.
    package var frame: [UInt8] {
        let bytes = bytes
        return Self.varint(UInt64(bytes.count)) + bytes
    }

    /// The names of this message and of all inside, in the order of `spoil`'s index.
    package var messages: [String] {
        fields.reduce(into: [schema.name]) { names, field in
            if case .message(let inner) = field.content { names += inner.messages }
        }
    }

    /// `Message.field` of every field that is there.
    package var paths: Set<String> {
        fields.reduce(into: []) { paths, field in
            let name = schema.fields.first { $0.number == field.number }?.name ?? "?"
            paths.insert("\(schema.name).\(name)")
            if case .message(let inner) = field.content { paths.formUnion(inner.paths) }
        }
    }
}

extension WireTree {
    /// Spoils the message at `index` of `messages`, and only that one, in one of a dozen ways. What
    /// comes out may still be legal.
    package mutating func spoil(at index: Int, using random: inout SeededRandom) {
        guard index > 0 else { return spoilOwn(using: &random) }
        var before = 1
        for position in fields.indices {
            guard case .message(var inner) = fields[position].content else { continue }
            let count = inner.messages.count
            if index < before + count {
                inner.spoil(at: index - before, using: &random)
                fields[position].content = .message(inner)
                return
            }
            before += count
        }
    }

    private mutating func spoilOwn(using random: inout SeededRandom) {
        guard let at = fields.indices.randomElement(using: &random), random.happens(perMille: 800)
        else { return addForeign(using: &random) }
        switch random.next() % 10 {
        case 0: fields.insert(fields[at], at: at)
        case 1: fields.remove(at: at)
        case 2: fields[at].number = UInt64.random(in: 0...40, using: &random)
        case 3: fields[at].wireType = UInt64.random(in: 0...7, using: &random)
        case 4: fields.swapAt(at, .random(in: fields.indices, using: &random))
        case 5: fields[at].content = .varint(Self.varint(random.next() >> (random.next() % 64)))
        case 6: fields[at].content = .bytes(random.bytes(.random(in: 0...40, using: &random)))
        default: spoilContent(at, using: &random)
        }
    }

    private mutating func addForeign(using random: inout SeededRandom) {
        switch random.next() % 3 {
        case 0: rest = random.bytes(.random(in: 1...12, using: &random))
        case 1: rest = Self.varint(UInt64.random(in: 30...600, using: &random) << 3) + [1]
        default: rest = Self.varint(UInt64.random(in: 16...29, using: &random) << 3 | 2) + [0]
        }
    }

    private mutating func spoilContent(_ at: Int, using random: inout SeededRandom) {
        func spoilt(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            guard let place = bytes.indices.randomElement(using: &random) else { return [0xff] }
            switch random.next() % 4 {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            default: bytes[place] ^= 1 << UInt8(random.next() % 8)
            }
            return bytes
        }
        switch fields[at].content {
        case .varint(let bytes): fields[at].content = .varint(spoilt(bytes))
        case .fixed(let bytes): fields[at].content = .fixed(spoilt(bytes))
        case .bytes(let bytes): fields[at].content = .bytes(spoilt(bytes))
        // Its own length is right, its end is not where it should be.
        case .message(let inner): fields[at].content = .bytes(spoilt(inner.bytes))
        }
    }
}

extension MessageSchema {
    /// The names of this message and of all that can be inside, and `Message.field` of each field.
    package var reachable: (messages: Set<String>, paths: Set<String>) {
        var messages: Set<String> = []
        var paths: Set<String> = []
        var waiting = [self]
        while let schema = waiting.popLast() {
            guard messages.insert(schema.name).inserted else { continue }
            for field in schema.fields {
                paths.insert("\(schema.name).\(field.name)")
                if case .message(let inner) = field.kind { waiting.append(inner) }
            }
        }
        return (messages, paths)
    }
}
