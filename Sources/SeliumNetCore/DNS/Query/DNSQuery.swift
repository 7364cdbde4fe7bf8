/// Makes the messages that ask (RFC 1035 section 4, RFC 6891, RFC 7873).
public enum DNSQuery {
    /// To this many bytes encrypted queries are filled up (RFC 8467 section 4.1).
    public static let paddingBlock = 128

    /// A query with one question.
    ///
    /// - Parameters:
    ///   - id: chosen at random, anew for each query.
    ///   - edns: what to say about ourselves; nil for a server that does not know EDNS.
    ///   - isPadded: fills up to a multiple of ``paddingBlock``; needs EDNS.
    ///   - asksIfAuthentic: asks the server to say whether it has verified the answer (RFC 6840
    ///     section 5.7).
    public static func message(
        id: UInt16, _ question: DNSQuestion, edns: EDNS? = EDNS(), isPadded: Bool = false,
        asksIfAuthentic: Bool = false
    ) -> [UInt8] {
        var message = DNSMessage(
            id: id, flags: asksIfAuthentic ? [.recursionDesired, .authentic] : .recursionDesired,
            questions: [question], edns: edns)
        var bytes = (try? message.encoded(compressing: false)) ?? []
        guard isPadded, edns != nil else { return bytes }
        let missing = (bytes.count + 4) % paddingBlock
        let padding = [UInt8](repeating: 0, count: missing == 0 ? 0 : paddingBlock - missing)
        message.edns?.options.append(.init(code: EDNS.Option.paddingCode, value: padding))
        bytes = (try? message.encoded(compressing: false)) ?? []
        return bytes
    }

    /// The name with the case of each letter chosen at random. A server sends it back unchanged, and
    /// who forges an answer has to guess it (draft-vixie-dnsext-dns0x20).
    public static func mixingCase(
        _ name: DNSName, using random: inout some RandomNumberGenerator
    ) -> DNSName {
        var bits = random.next()
        var left = 64
        let wire = name.wire.map { byte in
            guard (0x61...0x7A).contains(DNSName.fold(byte)) else { return byte }
            if left == 0 {
                bits = random.next()
                left = 64
            }
            defer {
                bits >>= 1
                left -= 1
            }
            return bits & 1 == 0 ? byte | 0x20 : byte & ~0x20
        }
        return DNSName(checked: wire)
    }
}
