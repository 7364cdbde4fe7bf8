/// Makes text of other parties harmless in a line of ours.
enum Escape {
    /// `text` with every control character written out: newlines as `\n`, others as `\u{1b}`.
    static func foreign(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where isControl(scalar): output += "\\u{\(String(scalar.value, radix: 16))}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// Whether a terminal may act on the character: C0, DEL, C1, the separators of lines and
    /// paragraphs, and what turns the direction of text.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1f, 0x7f...0x9f, 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069,
            0xfeff:
            true
        default: false
        }
    }

    /// `text` with zeros in front up to `width`.
    static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
