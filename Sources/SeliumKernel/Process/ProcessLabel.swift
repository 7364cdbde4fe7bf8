internal import SeliumABI

/// What somebody wants to find a process by.
public struct ProcessLabel: Sendable, Hashable {
    public let key: String
    public let value: String

    /// nil unless both are as `LabelText` says.
    public init?(_ key: String, _ value: String) {
        guard LabelText.isKey(key), LabelText.isValue(value) else { return nil }
        self.key = key
        self.value = value
    }
}
