internal import SeliumClient

extension ProcessReference {
    /// Reads a word of the command line: an id, a name, or NAMESPACE/NAME. What can be none of them is
    /// bad usage, and no server is asked.
    init(word: String) throws(CommandError) {
        self.init(word)
        let isPossible =
            switch self {
            case .id: true
            case .name(let name): StartFlags.isName(name)
            case .qualified(let namespace, let name):
                StartFlags.isName(name) && !namespace.contains("/")
            }
        guard isPossible else {
            throw .usage(
                "'\(Escape.foreign(word))' is neither an id nor a name",
                remedies: ["to list them: selium ps -a"])
        }
    }

    /// Words read as above, each process once, in the order given.
    static func distinct(_ words: [String]) throws(CommandError) -> [ProcessReference] {
        var seen: Set<ProcessReference> = []
        return try words.map { word throws(CommandError) in try ProcessReference(word: word) }
            .filter { seen.insert($0).inserted }
    }
}
