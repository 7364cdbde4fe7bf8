/// Why the engine room refused something. The code decides; the text is ours or cleaned, and names
/// of the module in it are escaped.
public struct WasmError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, and whose fault it is.
    public enum Code: Sendable, Hashable {
        /// The bytes are no module this engine accepts (malformed, or a feature that is off).
        case invalidModule
        /// The compiled bytes are not of this engine, or damaged.
        case incompatibleCache
        /// The module imports something with another type than the host's, or nothing can stand in.
        case badImport
        /// The entrypoint does not exist or has another type.
        case badEntrypoint
        /// The guest's initial memory is larger than its limit.
        case memoryLimit
        /// The machine has no more memory, maps or threads.
        case resources
        /// The engine failed in a way this room does not know.
        case engine
    }

    public var code: Code
    /// One sentence, no full stop.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// Text of foreign origin made fit for one line: control characters, bidirectional overrides and
/// backslashes are written as escapes, and it is cut at `limit` characters.
public func cleanedText(_ text: some StringProtocol, limit: Int = 512) -> String {
    var clean = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit { return clean + "…" }
        count += 1
        switch scalar.value {
        case 0x20..<0x5c, 0x5d..<0x7f: clean.unicodeScalars.append(scalar)
        case 0..<0xa0, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x2069, 0xfeff, 0xe0000...0xe007f:
            clean += scalar.escaped(asASCII: true)
        default: clean.unicodeScalars.append(scalar)
        }
    }
    return clean
}
