internal import SeliumCertificates

/// Where to connect and as whom, under one name.
struct SavedContext: Hashable, Sendable {
    let name: String
    var domain: String
    var port: UInt16?
    /// An absolute path.
    var certificateDirectory: String?
    var serverName: String?

    /// What it says, by the setting's name.
    var values: [String: String] {
        var values = ["domain": domain]
        values["port"] = port.map { "\($0)" }
        values["cert-dir"] = certificateDirectory
        values["server-name"] = serverName
        return values
    }
}

/// The contexts of one user, as they stand in a file: a small part of YAML, read strictly.
///
///     current: prod
///     contexts:
///       prod:
///         domain: build.example.com
///         cert-dir: "/home/ada/my certs"
struct ContextFile: Hashable, Sendable {
    /// By name.
    private(set) var contexts: [SavedContext] = []
    /// The one that is taken when nobody names another.
    var current: String?

    init() {}

    subscript(name: String) -> SavedContext? { contexts.first { $0.name == name } }

    /// Adds one whose name is not taken.
    mutating func add(_ context: SavedContext) {
        contexts.append(context)
        contexts.sort { $0.name < $1.name }
    }

    /// Takes one away; it is not the current one any more either.
    mutating func remove(_ name: String) {
        contexts.removeAll { $0.name == name }
        if current == name { current = nil }
    }

    /// What a line is not.
    struct Problem: Error, Hashable {
        /// From 1.
        let line: Int
        /// What should stand there.
        let expected: String
    }

    // MARK: Writing

    /// The file's text; what people wrote beside it is not kept.
    var text: String {
        var text = "# Written by `selium context`, which keeps no comments.\n"
        if let current { text += "current: \(current)\n" }
        text += "contexts:\n"
        for context in contexts {
            text += "  \(context.name):\n"
            for (key, value) in Self.keys.map({ ($0, context.values[$0]) }) {
                if let value { text += "    \(key): \(Self.written(value))\n" }
            }
        }
        return text
    }

    /// The keys of a context, in the order of the flags.
    static let keys = ["domain", "port", "cert-dir", "server-name"]

    /// Plain where YAML and people read the same, else in double quotes.
    private static func written(_ value: String) -> String {
        let isPlain = value.utf8.enumerated().allSatisfy { index, byte in
            isWord(byte) || byte == UInt8(ascii: "/")
                || index > 0 && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-"))
        }
        guard !isPlain || value.isEmpty else { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & 0xdf)
            || byte == UInt8(ascii: "_")
    }

    // MARK: Reading

    /// Reads the file's text.
    init(_ text: String) throws(Problem) {
        var reader = ContextReader()
        // As bytes: CR LF is one character, and no newline.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let end = bytes.reversed().drop { $0 == 0x20 || $0 == 0x0d }.count
            try reader.read(Substring(bytes.prefix(end)), index + 1)
        }
        self = try reader.finish()
    }

    fileprivate init(_ contexts: [SavedContext], current: String?) {
        self.contexts = contexts.sorted { $0.name < $1.name }
        self.current = current
    }
}

/// Reads the lines of a file of contexts, one after the other.
private struct ContextReader {
    private struct Entry {
        var name: String
        var line: Int
        var values: [String: String] = [:]
    }

    private var current: (name: String, line: Int)?
    private var hasContexts = false
    private var entries: [Entry] = []

    mutating func read(_ line: Substring, _ number: Int) throws(ContextFile.Problem) {
        let content = line.drop { $0 == " " }
        guard !content.isEmpty, !content.hasPrefix("#") else { return }
        func problem(_ expected: String) -> ContextFile.Problem {
            ContextFile.Problem(line: number, expected: expected)
        }
        guard !content.unicodeScalars.contains(where: { Escape.isControl($0) }) else {
            throw problem("text without tabs and other control characters")
        }
        guard let (key, value) = try Self.split(content, number) else {
            throw problem("'key: value', or 'name:' with lines below it")
        }
        switch line.utf8.count - content.utf8.count {
        case 0: try top(key, value, number)
        case 2 where hasContexts:
            guard value == nil, StartFlags.isName(key) else {
                throw problem("a context's name and ':', with letters, digits and . - _")
            }
            guard !entries.contains(where: { $0.name == key }) else {
                throw problem("another name: there is a context '\(key)' already")
            }
            entries.append(Entry(name: key, line: number))
        case 4 where !entries.isEmpty: try member(key, value, number)
        default: throw problem("no indentation, 2 spaces before a name, or 4 before what it has")
        }
    }

    private mutating func top(
        _ key: String, _ value: String?, _ number: Int
    ) throws(ContextFile.Problem) {
        switch (key, value) {
        case ("current", let value?) where current == nil && !hasContexts:
            current = (value, number)
        case ("contexts", nil) where !hasContexts: hasContexts = true
        default:
            throw ContextFile.Problem(
                line: number, expected: "'current: NAME', then 'contexts:', each once at most")
        }
    }

    private mutating func member(
        _ key: String, _ value: String?, _ number: Int
    ) throws(ContextFile.Problem) {
        guard let index = entries.indices.last, let value, ContextFile.keys.contains(key) else {
            throw ContextFile.Problem(
                line: number, expected: "one of \(ContextFile.keys.joined(separator: ", ")): VALUE")
        }
        guard entries[index].values[key] == nil else {
            throw ContextFile.Problem(line: number, expected: "'\(key)' once")
        }
        if let expected = Self.expectation(key, value) {
            throw ContextFile.Problem(line: number, expected: expected)
        }
        entries[index].values[key] = value
    }

    /// What a value should be; nil when it is that.
    private static func expectation(_ key: String, _ value: String) -> String? {
        switch key {
        case "domain": value.isEmpty ? "a host name or an address" : nil
        case "port": (UInt16(value) ?? 0) == 0 ? "a port (1–65535)" : nil
        case "cert-dir": value.hasPrefix("/") ? nil : "an absolute path"
        default:
            CertificateDirectory.isHost(value) && !value.hasSuffix(".")
                ? nil : "a host name or an address"
        }
    }

    /// The key in front of the first colon that ends a word, and what stands behind it.
    private static func split(
        _ content: Substring, _ number: Int
    ) throws(ContextFile.Problem) -> (String, String?)? {
        guard
            let colon = content.indices.first(where: { index in
                let next = content.index(after: index)
                return content[index] == ":" && (next == content.endIndex || content[next] == " ")
            }), colon != content.startIndex
        else { return nil }
        let rest = content[content.index(after: colon)...].drop { $0 == " " }
        let key = String(content[..<colon])
        guard !rest.isEmpty, !rest.hasPrefix("#") else { return (key, nil) }
        return (key, try value(rest, number))
    }

    private static func value(
        _ text: Substring, _ number: Int
    ) throws(ContextFile.Problem) -> String {
        let problem = ContextFile.Problem(
            line: number, expected: "one word, or text in double quotes")
        var value = ""
        var rest = text
        if text.first == "\"" {
            rest = rest.dropFirst()
            var isClosed = false
            while !isClosed, let next = rest.popFirst() {
                switch next {
                case "\"": isClosed = true
                case "\\":
                    guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
                        throw ContextFile.Problem(
                            line: number, expected: "\\\" or \\\\ behind a backslash")
                    }
                    value.append(escaped)
                default: value.append(next)
                }
            }
            guard isClosed, rest.isEmpty || rest.first == " " else { throw problem }
        } else {
            // Words that mean something else in YAML.
            guard let first = text.first, !"'[]{}&*!|>%@`,?~".contains(first) else { throw problem }
            value = String(text.prefix { $0 != " " })
            rest = text.dropFirst(value.count)
        }
        rest = rest.drop { $0 == " " }
        guard rest.isEmpty || rest.hasPrefix("#") else { throw problem }
        return value
    }

    /// Judges the whole.
    func finish() throws(ContextFile.Problem) -> ContextFile {
        if let current, !entries.contains(where: { $0.name == current.name }) {
            throw ContextFile.Problem(
                line: current.line, expected: "the name of a context that is in the file")
        }
        let contexts = try entries.map { entry throws(ContextFile.Problem) in
            guard let domain = entry.values["domain"] else {
                throw ContextFile.Problem(
                    line: entry.line, expected: "'domain: HOST' below '\(entry.name):'")
            }
            return SavedContext(
                name: entry.name, domain: domain, port: entry.values["port"].flatMap { UInt16($0) },
                certificateDirectory: entry.values["cert-dir"],
                serverName: entry.values["server-name"])
        }
        return ContextFile(contexts, current: current?.name)
    }
}
