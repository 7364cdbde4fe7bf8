/// Lists as people write them on a command line: `a,b\,c` has two items.
public enum QuotedList {
    /// Splits `text` at every `separator` without a backslash before it. `\,` `\;` and `\\` stand for
    /// the character itself where `unquoting` is set and stay as written otherwise (for a list inside
    /// a list: the outer split keeps the quotes for the inner one). Any other backslash stays.
    ///
    /// The empty text is the empty list; empty items are kept, for the caller to refuse.
    public static func split(_ text: String, at separator: Character, unquoting: Bool = true)
        -> [String]
    {
        guard !text.isEmpty else { return [] }
        var items: [String] = []
        var item = ""
        var isQuoted = false
        for character in text {
            if isQuoted {
                isQuoted = false
                let isQuotable = character == "," || character == ";" || character == "\\"
                if !isQuotable || !unquoting { item.append("\\") }
                item.append(character)
            } else if character == "\\" {
                isQuoted = true
            } else if character == separator {
                items.append(item)
                item = ""
            } else {
                item.append(character)
            }
        }
        if isQuoted { item.append("\\") }
        items.append(item)
        return items
    }
}
