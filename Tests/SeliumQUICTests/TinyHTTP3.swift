/// Just enough of HTTP/3 (RFC 9114) to be understood by programs that speak nothing else.
enum TinyHTTP3 {
    /// A GET: HEADERS that refer to QPACK's static table (RFC 9204, appendix A) and no dynamic one.
    static func request(path: String) -> [UInt8] {
        // :method GET, :scheme https, :authority, :path.
        let fields: [UInt8] =
            [0x00, 0x00, 0xd1, 0xd7, 0x50] + literal("localhost") + [0x51] + literal(path)
        return [0x01, UInt8(fields.count)] + fields
    }

    /// The head of an answer: HEADERS with `:status` 200.
    static let answerHead: [UInt8] = [0x01, 0x03, 0x00, 0x00, 0xd9]

    /// A string of less than 127 bytes, not compressed.
    private static func literal(_ text: String) -> [UInt8] {
        [UInt8(text.utf8.count)] + Array(text.utf8)
    }

    /// Where the frame ends that begins with `bytes`, and its type; nil when more is needed.
    static func firstFrame(_ bytes: [UInt8]) -> (type: UInt64, content: Range<Int>)? {
        var offset = 0
        guard let type = integer(bytes, &offset), let length = integer(bytes, &offset),
            UInt64(bytes.count - offset) >= length
        else { return nil }
        return (type, offset..<offset + Int(length))
    }

    /// A variable-length integer (RFC 9000 §16).
    private static func integer(_ bytes: [UInt8], _ offset: inout Int) -> UInt64? {
        guard offset < bytes.count else { return nil }
        let length = 1 << (bytes[offset] >> 6)
        guard bytes.count - offset >= length else { return nil }
        var value = UInt64(bytes[offset] & 0x3f)
        for byte in bytes[offset + 1..<offset + length] { value = value << 8 | UInt64(byte) }
        offset += length
        return value
    }

    /// What all DATA frames of a message carry.
    static func body(_ message: [UInt8]) -> [UInt8] {
        var (rest, body) = (message, [UInt8]())
        while let (type, content) = firstFrame(rest) {
            if type == 0 { body += rest[content] }
            rest.removeSubrange(..<content.upperBound)
        }
        return body
    }
}
