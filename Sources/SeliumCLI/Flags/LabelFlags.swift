internal import SeliumABI
internal import SeliumClient

/// `--label` of a start.
enum LabelFlags {
    /// What was said, each key once.
    static func labels(_ flags: [String]) throws(CommandError) -> [String: String] {
        var labels: [String: String] = [:]
        for flag in flags {
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let shown = Escape.foreign(flag)
            guard parts.count == 2, LabelText.isKey(parts[0]), LabelText.isValue(parts[1]) else {
                throw .usage(
                    "--label '\(shown)' is not KEY=VALUE",
                    remedies: [
                        "letters, digits and . _ / - in both, in the value : @ + too; 63 at most"
                    ])
            }
            guard labels.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw .usage("--label \(shown): the key was given before")
            }
        }
        guard labels.count <= LabelText.maximumLabels else {
            throw .usage("more than \(LabelText.maximumLabels) labels")
        }
        return labels
    }
}

/// `--filter` of a list.
enum FilterFlags {
    /// The keys there are, in the order of the manual.
    static let keys = ["label", "name", "namespace", "owner", "module", "state"]

    static func filters(_ flags: [String]) throws(CommandError) -> [ProcessFilter] {
        guard flags.count <= LabelText.maximumFilters else {
            throw .usage("more than \(LabelText.maximumFilters) filters")
        }
        return try flags.map { flag throws(CommandError) in try filter(flag) }
    }

    private static func filter(_ flag: String) throws(CommandError) -> ProcessFilter {
        let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let (shown, key) = (Escape.foreign(flag), String(parts[0]))
        guard keys.contains(key) else {
            let hint = NearestName.of(key, among: keys).map { "; did you mean '\($0)'?" } ?? ""
            throw .usage(
                "--filter '\(shown)' begins with no key\(hint)",
                remedies: ["there is: \(keys.joined(separator: ", ")); such as state=running"])
        }
        guard parts.count == 2, !parts[1].isEmpty else {
            throw .usage("--filter '\(shown)' is not KEY=VALUE")
        }
        if key == "label" { return try label(parts[1], shown) }
        let values = try values(parts[1], shown)
        switch key {
        case "name": return .name(values)
        case "namespace": return .namespace(values)
        case "owner": return .owner(values)
        case "module": return .module(values)
        default: return .state(try values.map { word throws(CommandError) in try state(word) })
        }
    }

    private static func label(
        _ text: Substring, _ shown: String
    ) throws(CommandError) -> ProcessFilter {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard LabelText.isKey(parts[0]) else {
            throw .usage("--filter '\(shown)' names no label")
        }
        guard parts.count == 2 else { return .label(String(parts[0])) }
        return .label(String(parts[0]), try values(parts[1], shown))
    }

    /// Any of several, with commas between.
    private static func values(
        _ text: Substring, _ shown: String
    ) throws(CommandError) -> [String] {
        let values = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard values.count <= LabelText.maximumFilterValues else {
            throw .usage(
                "--filter '\(shown)' has more than \(LabelText.maximumFilterValues) values")
        }
        return values
    }

    private static func state(_ word: String) throws(CommandError) -> ProcessState {
        let states: [ProcessState] = [
            .starting, .running, .stopping, .backingOff, .exited, .crashed,
        ]
        if let state = states.first(where: { $0.rawValue == word }) { return state }
        let names = states.map(\.rawValue)
        let hint = NearestName.of(word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        throw .usage(
            "'\(Escape.foreign(word))' is no state\(hint)",
            remedies: ["there is: \(names.joined(separator: ", "))"])
    }
}
