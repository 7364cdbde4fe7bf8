import Foundation
import SeliumTesting
import Testing

@testable import SeliumProtocol

/// The frames that docs/control-protocol.md prints byte by byte, and what it says of each.
@Suite(.inTurn()) struct DocumentedFramesTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var claim: String
        var testDescription: String { claim }
    }

    private static let document = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/control-protocol.md")

    /// Lines of the form `08 62 06 …6 bytes…     a message of 8 bytes`.
    static let examples: [Example] = {
        guard let text = try? String(contentsOf: document, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard let columns = line.firstRange(of: "   ") else { return nil }
            var bytes: [UInt8] = []
            for word in line[..<columns.lowerBound].replacing("…", with: " … ").split(
                separator: " ")
            {
                if word.count == 2, let byte = UInt8(word, radix: 16) {
                    bytes.append(byte)
                } else if let count = Int(word) {
                    bytes += [UInt8](repeating: 0x61, count: count)
                } else if word != "…", word != "bytes" {
                    return nil
                }
            }
            let claim = line[columns.upperBound...].drop { $0 == " " }
            return bytes.isEmpty ? nil : Example(bytes: bytes, claim: String(claim))
        }
    }()

    @Test("the document has its four frames") func count() {
        #expect(Self.examples.count == 4, "\(Self.examples)")
    }

    @Test("a frame of the document is what the document says", arguments: examples)
    func frame(_ example: Example) throws {
        var decoder = FrameDecoder.requests(.standard)
        var offset = 0
        if example.claim.hasPrefix("refused") {
            #expect(throws: ProtocolError.self) { try decoder.next(example.bytes, at: &offset) }
            return
        }
        let length = example.claim.split(separator: " ").compactMap { Int($0) }.first ?? 0
        #expect(try decoder.next(example.bytes, at: &offset)?.count == length)
        #expect(offset == example.bytes.count)
    }
}
