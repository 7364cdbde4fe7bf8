internal import SeliumClient

/// What the first word of a start means: a file here, a name there, or a digest.
struct ModuleWord {
    let source: ModuleSource
    /// How it is called in notes.
    let name: String
    private let word: String

    /// Reads the word and looks whether there is such a file.
    ///
    /// - Parameter isFile: there is no server that could know it by name or digest.
    init(_ word: String, isFile: Bool = false) throws(CommandError) {
        self.word = word
        if word.hasPrefix("sha256:"), !isFile {
            guard word.utf8.count == 71, let digest = Hexadecimal.bytes(word.dropFirst(7)) else {
                throw .usage("'\(Escape.foreign(word))' is not sha256: and 64 hexadecimal digits")
            }
            source = .digest(digest)
            name = word
            return
        }
        guard !word.isEmpty else { throw .usage("the module has no name") }
        name = word.split(separator: "/").last.map(String.init) ?? word
        switch LocalFile.kind(word) {
        case .file: source = .file(word)
        case .directory:
            throw CommandError(.noInput, "\(Escape.foreign(word)) is a directory")
        case .missing:
            guard !word.contains("/"), !isFile else {
                throw CommandError(.noInput, "no file \(Escape.foreign(word))")
            }
            source = .name(word)
        }
    }

    /// A name that the server does not know either was perhaps meant as a file.
    func explain(_ error: ClientError) -> any Error {
        guard case .name = source, error.code == .notFound else { return error }
        let word = Escape.foreign(word)
        return CommandError(
            .noInput, "no file \(word) here, and no module \(word) on the server",
            details: [.init("reason", .string(error.code.description))])
    }
}
