/// A flag with one value that was given two: a parser that takes the last of them would do so
/// silently. Both commands look for it before they parse.
public struct RepeatedFlag: Hashable, Sendable {
    /// The flag, by the name that messages use.
    public let name: String
    /// The two values, in the order given.
    public let first: String
    public let second: String

    /// The first flag of a command line that was given twice; nil when none was.
    ///
    /// - Parameters:
    ///   - arguments: what follows the program's name; everything behind `--` is somebody else's.
    ///   - single: flags with one value, each of their names with the one that messages use.
    ///   - several: flags whose values add up: the word behind one is its value, whatever it looks
    ///     like.
    public init?(in arguments: [String], single: [String: String], several: Set<String>) {
        var seen: [String: String] = [:]
        var index = 0
        while index < arguments.count, arguments[index] != "--" {
            let (flag, joined) = Self.split(arguments[index])
            index += 1
            guard let name = single[flag] else {
                if several.contains(flag), joined == nil { index += 1 }
                continue
            }
            // Without a value behind it the parser has something better to say.
            guard let value = joined ?? (index < arguments.count ? arguments[index] : nil) else {
                return nil
            }
            if joined == nil { index += 1 }
            if let first = seen[name] {
                (self.name, self.first, self.second) = (name, first, value)
                return
            }
            seen[name] = value
        }
        return nil
    }

    /// `--flag=value` as two.
    private static func split(_ word: String) -> (flag: String, value: String?) {
        guard word.hasPrefix("-"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
}
