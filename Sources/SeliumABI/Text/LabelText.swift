/// Labels of processes, and what they are found by: the grammar that the command, the library and the
/// server share.
public enum LabelText {
    /// The most labels of one process: nobody needs more, and every one is in every list.
    public static let maximumLabels = 32
    /// The most filters of one list.
    public static let maximumFilters = 32
    /// The most values of one filter.
    public static let maximumFilterValues = 64

    /// Whether it is a key: `[A-Za-z0-9][A-Za-z0-9._/-]{0,62}`.
    public static func isKey(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 63, isAlphanumeric(first) else {
            return false
        }
        return bytes.allSatisfy { isAlphanumeric($0) || "._/-".utf8.contains($0) }
    }

    /// Whether it is a value: `[A-Za-z0-9._/:@+-]{0,63}`.
    public static func isValue(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 63
            && text.utf8.allSatisfy { isAlphanumeric($0) || "._/:@+-".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & 0xdf)
    }
}
