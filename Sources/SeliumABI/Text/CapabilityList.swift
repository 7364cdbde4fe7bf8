/// A list of capabilities as people write it: names, `NAME=SCOPE`, the set `wasi`, and a trailing `*`
/// for every name with that beginning.
public struct CapabilityList: Sendable, Hashable {
    /// One capability that is asked for, its scope as it was written.
    public struct Entry: Sendable, Hashable {
        public var capability: Capability
        public var scope: String?

        public init(capability: Capability, scope: String?) {
            self.capability = capability
            self.scope = scope
        }

        /// `NAME` or `NAME=SCOPE`.
        public var text: String { scope.map { "\(capability.name)=\($0)" } ?? capability.name }
    }

    /// A word that is no capability and no set.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// One sentence that quotes the word and names the nearest.
        public let description: String
    }

    /// In the order they were written, sets expanded by number, each once.
    public private(set) var entries: [Entry] = []
    /// The sets that were expanded, as written.
    public private(set) var expandedSets: [String] = []

    /// The named sets and what is in them.
    public static let sets: [(name: String, capabilities: [Capability])] = [("wasi", [.timeRead])]

    /// The empty list.
    public init() {}

    /// Adds the items of a comma-separated list; `\,` and `\;` quote.
    public mutating func add(list: String) throws(Problem) {
        for word in QuotedList.split(list, at: ",") {
            if let set = Self.sets.first(where: { $0.name == word }) {
                expandedSets.append(word)
                for capability in set.capabilities {
                    append(Entry(capability: capability, scope: nil))
                }
            } else if word.hasSuffix("*"), !word.contains("=") {
                let prefix = word.dropLast()
                let found = Capability.allCases.filter { $0.name.hasPrefix(prefix) }
                guard !found.isEmpty else {
                    throw Problem(description: "no capability begins with '\(prefix)'")
                }
                expandedSets.append(word)
                for capability in found { append(Entry(capability: capability, scope: nil)) }
            } else {
                try add(grant: word)
            }
        }
    }

    /// Adds one `NAME` or `NAME=SCOPE`, verbatim: nothing in it quotes or separates.
    public mutating func add(grant: String) throws(Problem) {
        let equals = grant.firstIndex(of: "=")
        let name = String(grant[..<(equals ?? grant.endIndex)])
        guard let capability = Capability(name: name) else {
            guard !name.isEmpty else {
                throw Problem(description: "an empty capability in '\(grant)'")
            }
            throw Problem(description: "unknown capability '\(name)'\(Self.hint(name))")
        }
        let scope = equals.map { String(grant[grant.index(after: $0)...]) }
        // Not the bare name: a variable that was not set would grant everything.
        guard scope?.isEmpty != true else {
            throw Problem(description: "an empty scope in '\(grant)'")
        }
        append(Entry(capability: capability, scope: scope))
    }

    /// What may have been meant by a word that is no capability. Sets and a trailing `*` are for lists:
    /// where one grant is taken verbatim they are known, but not expanded.
    private static func hint(_ name: String) -> String {
        if sets.contains(where: { $0.name == name }) || name.hasSuffix("*") {
            return "; more than one at once is a list: --capabilities '\(name)'"
        }
        let known = Capability.allCases.map(\.name) + sets.map(\.name)
        return NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    }

    private mutating func append(_ entry: Entry) {
        if !entries.contains(entry) { entries.append(entry) }
    }
}
