/// What is known of a query that is under way, and the judgement over what comes in for it.
///
/// Whether it came from the right server to the right socket is for who received it: only what it
/// says is judged here (RFC 5452 section 9).
public struct DNSExpectation: Hashable, Sendable {
    /// What to do with a message.
    public enum Verdict: Hashable, Sendable {
        /// It answers the query.
        case answer(DNSMessage)
        /// It answers, but did not fit: ask again over TCP.
        case truncated
        /// It answers, but cannot be read: the server is no good.
        case malformed(DNSFormatError)
        /// It is not for this query; go on waiting for the one that is.
        case stranger(Reason)
    }

    /// Why a message is not the answer to a query.
    public enum Reason: String, Hashable, Sendable {
        /// Shorter than a header.
        case tooShort
        /// Another id.
        case wrongID
        /// A query, or the answer to something that is none.
        case notAResponse
        /// About something else.
        case wrongQuestion
        /// The right question in another case than it was asked in.
        case wrongCase
        /// Our cookie is not in it, or another one is (RFC 7873 section 5.3).
        case wrongCookie
        /// The server has sent us cookies before, and this message has none.
        case missingCookie
    }

    /// The id.
    public var id: UInt16
    /// The question as it was sent.
    public var question: DNSQuestion
    /// Whether the case was chosen at random and has to come back.
    public var isCaseExact: Bool
    /// The name in the case it is to be read in, when that of the question was chosen at random: records
    /// that point at the question's name would have that case too.
    public var spelling: DNSName?
    /// Our cookie, if one was sent.
    public var clientCookie: [UInt8]?
    /// Whether the server is known to send cookies.
    public var isCookieRequired: Bool
    /// Whether it came over a stream, where nothing is cut off and nobody forges.
    public var isStream: Bool

    /// What is expected of the answer to a query.
    public init(
        id: UInt16, question: DNSQuestion, isCaseExact: Bool = false, spelling: DNSName? = nil,
        clientCookie: [UInt8]? = nil, isCookieRequired: Bool = false, isStream: Bool = false
    ) {
        self.spelling = spelling
        self.id = id
        self.question = question
        self.isCaseExact = isCaseExact
        self.clientCookie = clientCookie
        self.isCookieRequired = isCookieRequired
        self.isStream = isStream
    }

    /// Judges a message.
    public func judge(_ bytes: Span<UInt8>) -> Verdict {
        var reader = DNSReader(offset: 0, end: bytes.count)
        guard let header = try? DNSHeader(&reader, bytes) else { return .stranger(.tooShort) }
        guard header.id == id else { return .stranger(.wrongID) }
        guard header.flags.contains(.response), header.opcode == 0 else {
            return .stranger(.notAResponse)
        }
        if let reason = judgeQuestion(header, &reader, bytes) { return .stranger(reason) }
        // A message that was cut off need not be readable beyond its question.
        if header.flags.contains(.truncated), !isStream { return .truncated }
        let message: DNSMessage
        do throws(DNSFormatError) {
            message = try decode(bytes, isQuestionThere: header.questions == 1)
        } catch {
            return .malformed(error)
        }
        if let reason = judgeCookie(message) { return .stranger(reason) }
        return .answer(message)
    }

    /// Reads the message, the question's name being written as ``spelling`` has it.
    private func decode(
        _ bytes: Span<UInt8>, isQuestionThere: Bool
    ) throws(DNSFormatError) -> DNSMessage {
        guard isQuestionThere, let spelling, spelling.wire.count == question.name.wire.count else {
            return try DNSMessage(decoding: bytes)
        }
        // Nothing is in front of it that it could point at, so it stands there in full.
        let name = DNSHeader.length..<DNSHeader.length + spelling.wire.count
        guard name.upperBound <= bytes.count else { return try DNSMessage(decoding: bytes) }
        var copy = bytes.indices.map { bytes[$0] }
        copy.replaceSubrange(name, with: spelling.wire)
        return try DNSMessage(decoding: copy.span)
    }

    private func judgeQuestion(
        _ header: DNSHeader, _ reader: inout DNSReader, _ bytes: Span<UInt8>
    ) -> Reason? {
        if header.questions == 0 {
            // Servers that could not read the query leave it out.
            let code = DNSResponseCode(rawValue: header.lowResponseCode)
            return code == .formatError || code == .notImplemented ? nil : .wrongQuestion
        }
        guard header.questions == 1, let found = try? DNSQuestion(&reader, bytes),
            found == question
        else { return .wrongQuestion }
        return isCaseExact && !found.isIdentical(to: question) ? .wrongCase : nil
    }

    private func judgeCookie(_ message: DNSMessage) -> Reason? {
        guard let clientCookie else { return nil }
        if let cookie = message.edns?.cookie {
            return cookie.client.elementsEqual(clientCookie) ? nil : .wrongCookie
        }
        if message.edns?.option(EDNS.Option.cookieCode) != nil { return .wrongCookie }
        // Who does not know EDNS answers without it.
        let isUnaware = message.responseCode == .formatError
        return isCookieRequired && !isStream && !isUnaware ? .missingCookie : nil
    }
}
