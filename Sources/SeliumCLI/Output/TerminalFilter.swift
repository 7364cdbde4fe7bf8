/// Lets a program's output through to a terminal without giving it the terminal.
///
/// Printable text, newline, tab, carriage return (unless a prefix of ours stands in front of the
/// line) and SGR sequences (`ESC [ … m`: colours) pass; every other control character is shown as
/// text, bytes that are not UTF-8 as U+FFFD. Sequences may be split over any number of calls.
struct TerminalFilter {
    /// The longest SGR sequence that is let through; more is no colour.
    private static let maximumSequence = 32

    private let allowsCarriageReturn: Bool
    /// The beginning of a character or of an escape sequence whose rest has not come yet.
    private var pending: [UInt8] = []
    /// A colour has been let through and perhaps not been taken back.
    private(set) var isColoured = false

    init(allowsCarriageReturn: Bool = true) {
        self.allowsCarriageReturn = allowsCarriageReturn
    }

    /// What to write for the next bytes of the program.
    mutating func filter(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        let input = pending + bytes
        pending = []
        var index = 0
        while index < input.count {
            switch Self.read(input, at: index) {
            case .unfinished:
                pending = Array(input[index...])
                return output
            case .colour(let length):
                output += input[index..<(index + length)]
                isColoured = true
                index += length
            case .scalar(let scalar, let length):
                append(scalar, input[index..<(index + length)], to: &output)
                index += length
            case .invalid:
                output += [0xef, 0xbf, 0xbd]
                index += 1
            }
        }
        return output
    }

    /// What is left at the end of the output, and the colours taken back.
    mutating func finish() -> [UInt8] {
        var output: [UInt8] = []
        for byte in pending {
            if byte == 0x1b {
                output += Array("\\u{1b}".utf8)
            } else if byte < 0x80 {
                output.append(byte)
            } else {
                output += [0xef, 0xbf, 0xbd]
            }
        }
        pending = []
        if isColoured { output += Array("\u{1b}[0m".utf8) }
        isColoured = false
        return output
    }

    private func append(
        _ scalar: Unicode.Scalar, _ bytes: ArraySlice<UInt8>, to output: inout [UInt8]
    ) {
        switch scalar {
        case "\n", "\t": output += bytes
        case "\r" where allowsCarriageReturn: output += bytes
        case _ where Escape.isControl(scalar):
            output += Array("\\u{\(String(scalar.value, radix: 16))}".utf8)
        default: output += bytes
        }
    }

    private enum Piece {
        case scalar(Unicode.Scalar, Int)
        case colour(Int)
        case invalid
        case unfinished
    }

    private static func read(_ input: [UInt8], at index: Int) -> Piece {
        let byte = input[index]
        if byte == 0x1b { return readEscape(input, at: index) }
        if byte < 0x80 { return .scalar(Unicode.Scalar(byte), 1) }
        let length: Int
        switch byte {
        case 0xc2...0xdf: length = 2
        case 0xe0...0xef: length = 3
        case 0xf0...0xf4: length = 4
        default: return .invalid
        }
        let available = input[index..<min(index + length, input.count)]
        guard available.dropFirst().allSatisfy({ $0 & 0xc0 == 0x80 }) else { return .invalid }
        guard available.count == length else { return .unfinished }
        guard let text = String(validating: available, as: UTF8.self),
            let scalar = text.unicodeScalars.first
        else { return .invalid }
        return .scalar(scalar, length)
    }

    private static func readEscape(_ input: [UInt8], at index: Int) -> Piece {
        var end = index + 1
        guard end < input.count else { return .unfinished }
        guard input[end] == UInt8(ascii: "[") else { return .scalar("\u{1b}", 1) }
        end += 1
        while end < input.count, end - index < maximumSequence {
            switch input[end] {
            case UInt8(ascii: "m"): return .colour(end + 1 - index)
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ";"), UInt8(ascii: ":"):
                end += 1
            default: return .scalar("\u{1b}", 1)
            }
        }
        return end - index < maximumSequence ? .unfinished : .scalar("\u{1b}", 1)
    }
}
