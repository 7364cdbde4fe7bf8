import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite(.inTurn()) struct FrameDecoderTests {
    /// Everything the decoder gives for `bytes` delivered in pieces of the given sizes.
    private func frames(
        _ bytes: [UInt8], pieces: [Int], first: Int = 64, later: Int = 256
    ) throws -> (frames: [[UInt8]], isInside: Bool) {
        var decoder = FrameDecoder(firstLimit: first, laterLimit: later)
        var found: [[UInt8]] = []
        var start = 0
        for piece in pieces + [bytes.count] where start < bytes.count {
            let part = Array(bytes[start..<min(start + max(1, piece), bytes.count)])
            start += part.count
            var offset = 0
            while let frame = try decoder.next(part, at: &offset) { found.append(frame) }
            #expect(offset == part.count)
        }
        return (found, decoder.isInsideFrame)
    }

    private func delimited(_ message: [UInt8]) -> [UInt8] {
        var length = message.count
        var bytes: [UInt8] = []
        while length >= 128 {
            bytes.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        return bytes + [UInt8(length)] + message
    }

    @Test("Frames come out as they went in, however the bytes are cut", arguments: 1...200)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var messages: [[UInt8]] = []
        var bytes: [UInt8] = []
        for index in 0..<Int.random(in: 1...8, using: &random) {
            let message = random.bytes(.random(in: 0...(index == 0 ? 64 : 256), using: &random))
            messages.append(message)
            bytes += delimited(message)
        }
        let pieces = (0..<bytes.count).map { _ in Int.random(in: 1...40, using: &random) }
        let result = try frames(bytes, pieces: pieces)
        #expect(result.frames == messages)
        #expect(!result.isInside)
    }

    @Test("A truncated frame is known as unfinished at every length")
    func everyPrefix() throws {
        let bytes = delimited([UInt8](repeating: 7, count: 200))
        for length in 1..<bytes.count {
            let result = try frames(Array(bytes[..<length]), pieces: [3], first: 256)
            #expect(result.frames.isEmpty)
            #expect(result.isInside)
        }
    }

    @Test("The first frame and the later ones have limits of their own")
    func limits() throws {
        let result = try frames(
            delimited([UInt8](repeating: 1, count: 64))
                + delimited([UInt8](repeating: 2, count: 256)), pieces: [])
        #expect(result.frames.map(\.count) == [64, 256])
        #expect(throws: ProtocolError.self) { try frames([65], pieces: []) }
        #expect(throws: ProtocolError.self) { try frames([1, 0, 0x81, 2], pieces: []) }
    }

    @Test("A length above the limit is refused before a byte of the message is held")
    func oversize() {
        var decoder = FrameDecoder.requests(.standard)
        var offset = 0
        let error = #expect(throws: ProtocolError.self) {
            // 65,537
            try decoder.next([0x81, 0x80, 0x04, 1, 2, 3], at: &offset)
        }
        #expect(error?.reset == .tooLarge)
        #expect(error?.code == .invalidArgument)
        #expect(offset == 3)
        #expect(decoder.announcedLength == nil)
        #expect(throws: ProtocolError.self) { try decoder.next([0], at: &offset) }
    }

    @Test(
        "Lengths of more than 3 bytes, or not in their shortest form, are refused",
        arguments: [
            [0x80, 0x80, 0x80, 0x01], [0xff, 0xff, 0xff], [0x80, 0x00], [0x81, 0x80, 0x00],
        ] as [[UInt8]])
    func lengthForm(bytes: [UInt8]) {
        #expect(throws: ProtocolError.self) { try frames(bytes, pieces: [1, 1, 1, 1]) }
    }

    @Test("Random bytes never do more than be refused", arguments: 1...300)
    func garbage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(2_000)
        _ = try? frames(bytes, pieces: (0..<400).map { _ in .random(in: 1...9, using: &random) })
    }
}
