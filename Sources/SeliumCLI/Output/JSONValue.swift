/// One member of a JSON object; objects keep the order of their members.
struct JSONMember: Hashable, Sendable {
    var name: String
    var value: JSONValue

    init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// JSON that we write (RFC 8259): numbers exactly, members in the order given, nothing read.
indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case signed(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// A string, or null for nil.
    static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// One line with its newline.
    var line: String {
        var output = ""
        write(to: &output, indent: nil)
        return output + "\n"
    }

    /// Several lines, for documents.
    var document: String {
        var output = ""
        write(to: &output, indent: 0)
        return output + "\n"
    }

    private func write(to output: inout String, indent: Int?) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .signed(let value): output += String(value)
        case .unsigned(let value): output += String(value)
        // JSON has no word for these.
        case .number(let value): output += value.isFinite ? "\(value)" : "null"
        case .string(let text): Self.write(text, to: &output)
        case .array(let values):
            Self.write(values.count, "[", "]", &output, indent) { index, output, indent in
                values[index].write(to: &output, indent: indent)
            }
        case .object(let members):
            Self.write(members.count, "{", "}", &output, indent) { index, output, indent in
                Self.write(members[index].name, to: &output)
                output += indent == nil ? ":" : ": "
                members[index].value.write(to: &output, indent: indent)
            }
        }
    }

    private static func write(
        _ count: Int, _ open: String, _ close: String, _ output: inout String, _ indent: Int?,
        _ element: (Int, inout String, Int?) -> Void
    ) {
        output += open
        let inner = indent.map { $0 + 2 }
        for index in 0..<count {
            if index > 0 { output += "," }
            if let inner { output += "\n" + String(repeating: " ", count: inner) }
            element(index, &output, inner)
        }
        if let indent, count > 0 { output += "\n" + String(repeating: " ", count: indent) }
        output += close
    }

    private static func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            // C1, the line separators and the controls of bidirectional text are legal in JSON, but
            // this goes to terminals too.
            case _ where Escape.isControl(scalar):
                if scalar.value <= 0xffff {
                    output += "\\u" + Escape.padded(String(scalar.value, radix: 16), 4)
                } else {
                    output.unicodeScalars.append(scalar)
                }
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
