/// What a program says through `selium_log`: how much it matters, what it is about, and a sentence
/// with named values.
///
/// Stored and sent as a line of text, so that it is counted, kept and cut like all output: level,
/// target, message, then a name and a value for each field, a tab between each two and a newline at
/// the end. In each of them `\\` stands for a backslash, `\t` for a tab, `\n` for a newline.
public struct StructuredRecord: Sendable, Hashable {
    /// A named value.
    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var level: LogLevel
    /// The part of the program that speaks; empty when it did not say.
    public var target: String
    public var message: String
    /// In the program's order; a name may come twice.
    public var fields: [Field]

    public init(level: LogLevel, target: String, message: String, fields: [Field] = []) {
        self.level = level
        self.target = target
        self.message = message
        self.fields = fields
    }

    /// Reads a line without its newline; nil for one that is not in this form.
    public init?(line: [UInt8]) {
        var texts: [String] = []
        for part in line.split(separator: Self.tab, omittingEmptySubsequences: false) {
            guard let text = Self.unescaped(part) else { return nil }
            texts.append(text)
        }
        guard texts.count >= 3, texts.count % 2 == 1,
            let level = LogLevel.allCases.first(where: { $0.name == texts[0] })
        else { return nil }
        self.init(level: level, target: texts[1], message: texts[2])
        for index in stride(from: 3, to: texts.count, by: 2) {
            fields.append(Field(texts[index], texts[index + 1]))
        }
    }

    /// The record as a line, with its newline.
    public var line: [UInt8] {
        var line = Array(level.name.utf8)
        for text in [target, message] { Self.append(text, to: &line) }
        for field in fields {
            Self.append(field.name, to: &line)
            Self.append(field.value, to: &line)
        }
        line.append(Self.newline)
        return line
    }

    private static let backslash = UInt8(ascii: "\\")
    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")

    private static func append(_ text: String, to line: inout [UInt8]) {
        line.append(tab)
        for byte in text.utf8 {
            switch byte {
            case backslash: line += [backslash, backslash]
            case tab: line += [backslash, UInt8(ascii: "t")]
            case newline: line += [backslash, UInt8(ascii: "n")]
            default: line.append(byte)
            }
        }
    }

    /// nil where a backslash stands for nothing.
    private static func unescaped(_ part: ArraySlice<UInt8>) -> String? {
        guard part.contains(backslash) else { return String(decoding: part, as: UTF8.self) }
        var bytes: [UInt8] = []
        var isEscape = false
        for byte in part {
            guard isEscape || byte == backslash else {
                bytes.append(byte)
                continue
            }
            isEscape.toggle()
            guard !isEscape else { continue }
            switch byte {
            case backslash: bytes.append(backslash)
            case UInt8(ascii: "t"): bytes.append(tab)
            case UInt8(ascii: "n"): bytes.append(newline)
            default: return nil
            }
        }
        return isEscape ? nil : String(decoding: bytes, as: UTF8.self)
    }
}

extension LogLevel {
    /// As people read and write it.
    public var name: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }
}
