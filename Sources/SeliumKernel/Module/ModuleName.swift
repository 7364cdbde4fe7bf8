/// A name that a namespace gives to a module: as a process's, without `.wasm` at its end, which says
/// nothing.
public struct ModuleName: Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String

    /// The name, or nil when `text` is not one.
    public init?(_ text: String) {
        let bare = text.hasSuffix(".wasm") ? String(text.dropLast(5)) : text
        guard let name = ProcessName(bare) else { return nil }
        self.text = name.text
    }

    public var description: String { text }
}
