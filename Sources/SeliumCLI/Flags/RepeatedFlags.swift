/// Finds flags with one value that were given two: the parser would take the last of them silently.
enum RepeatedFlags {
    /// Every flag with one value, by the name that messages use; all its names lead to it.
    static let single: [String: String] = {
        let names = [
            "--domain", "--port", "--cert-dir", "--server-name", "--timeout", "--output",
            "--log-format", "--color", "--name", "--memory", "--tail", "--from", "--dir", "--out",
            "--days",
        ]
        var flags = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
        flags["-o"] = "--output"
        return flags
    }()

    /// Flags whose values add up.
    static let several: Set<String> = [
        "-a", "-p", "-r", "--capabilities", "-c", "--capability", "--env", "--env-file",
        "--stream", "--host",
    ]

    /// Refuses the first flag that was given twice, naming both values.
    static func check(_ arguments: [String]) throws(CommandError) {
        var seen: [String: String] = [:]
        var index = 0
        while index < arguments.count, arguments[index] != "--" {
            let word = arguments[index]
            index += 1
            let (flag, joined) = split(word)
            guard let name = single[flag] else {
                if several.contains(flag), joined == nil { index += 1 }
                continue
            }
            // Without a value behind it the parser has something better to say.
            guard let value = joined ?? (index < arguments.count ? arguments[index] : nil) else {
                return
            }
            if joined == nil { index += 1 }
            if let first = seen[name] {
                throw .usage(
                    "\(name) is given twice: '\(Escape.foreign(first))' and '\(Escape.foreign(value))'",
                    remedies: ["it takes one value"])
            }
            seen[name] = value
        }
    }

    /// `--flag=value` as two.
    private static func split(_ word: String) -> (flag: String, value: String?) {
        guard word.hasPrefix("-"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
}
