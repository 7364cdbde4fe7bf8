/// What lines are searched for.
struct LinePattern {
    private let regex: Regex<AnyRegexOutput>

    /// Reads a regular expression; nil when it is none.
    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        self.regex = regex
    }

    /// Whether it is found anywhere in a text.
    func isFound(in text: String) -> Bool {
        // An expression that cannot be matched finds nothing.
        (try? regex.firstMatch(in: text)) ?? nil != nil
    }

    /// The same for bytes; what is not UTF-8 in them counts as U+FFFD.
    func isFound(in bytes: [UInt8]) -> Bool {
        isFound(in: String(decoding: bytes, as: UTF8.self))
    }
}
