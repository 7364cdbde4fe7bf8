internal import SeliumClient

/// Finds flags with one value that were given two: the parser would take the last of them silently.
enum RepeatedFlags {
    /// Every flag with one value, by the name that messages use; all its names lead to it.
    static let single: [String: String] = {
        let names = [
            "--domain", "--port", "--cert-dir", "--server-name", "--context", "--timeout",
            "--output",
            "--log-format", "--color", "--name", "--memory", "--tail", "--from", "--dir", "--out",
            "--days", "--restart", "--backoff", "--reset-after", "--restart-limit",
            "--no-restart-on", "--stop-timeout", "--since", "--until", "--grep", "--for",
            "--level",
        ]
        var flags = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
        flags["-o"] = "--output"
        return flags
    }()

    /// Flags whose values add up.
    static let several: Set<String> = [
        "-a", "-p", "-r", "--capabilities", "-c", "--capability", "--env", "--env-file",
        "--stream", "--host", "--label", "--filter",
    ]

    /// Refuses the first flag that was given twice, naming both values.
    static func check(_ arguments: [String]) throws(CommandError) {
        guard let found = RepeatedFlag(in: arguments, single: single, several: several) else {
            return
        }
        let values = [found.first, found.second].map { "'\(Escape.foreign($0))'" }
        throw .usage(
            "\(found.name) is given twice: \(values[0]) and \(values[1])",
            remedies: ["it takes one value"])
    }
}
