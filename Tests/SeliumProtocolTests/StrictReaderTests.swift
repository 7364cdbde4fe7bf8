import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.inTurn()) struct StrictReaderTests {
    private let decoder = RequestDecoder()

    private func refusal(_ bytes: [UInt8]) -> ProtocolError? {
        do {
            _ = try decoder.request(bytes)
            return nil
        } catch {
            return error
        }
    }

    /// A field of the given number, wire type 2.
    private func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    private func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 128 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    @Test("Requests that use every field are read as they were made")
    func everyField() throws {
        for request in RequestFixtures.all {
            let bytes = try RequestFixtures.bytes(request)
            let decoded = try decoder.request(bytes)
            #expect(decoded.message == request)
        }
    }

    @Test("The fixtures use every field of every message that a client can send")
    func fixtures() throws {
        let schema = RequestSchema.standard
        let expected = schema.request.reachable.paths.union(schema.clientFrame.reachable.paths)
        var used: Set<String> = []
        for request in RequestFixtures.all {
            let bytes = try RequestFixtures.bytes(request)
            let tree = WireTree(bytes, schema.request)
            #expect(tree.bytes == bytes)
            used.formUnion(tree.paths)
        }
        for frame in RequestFixtures.clientFrames {
            used.formUnion(WireTree(frame, schema.clientFrame).paths)
        }
        #expect(used == expected)
    }

    @Test("A spoilt message is spoilt in that place, and what is around it is whole")
    func spoilt() throws {
        let bytes = try RequestFixtures.bytes(RequestFixtures.start)
        let whole = WireTree(bytes, RequestSchema.standard.request)
        let place = try #require(whole.messages.firstIndex(of: "Limits"))
        var random = SeededRandom(seed: 1)
        var refused: Set<String> = []
        for _ in 0..<200 {
            var tree = whole
            tree.spoil(at: place, using: &random)
            #expect(tree.fields.count == whole.fields.count)
            if let error = refusal(tree.bytes) { refused.insert(error.field) }
        }
        #expect(!refused.isEmpty)
        #expect(refused.allSatisfy { $0.hasPrefix("start.limits") }, "\(refused)")
    }

    @Test("The bytes of the call are its field as received")
    func callBytes() throws {
        let bytes = try RequestFixtures.bytes(RequestFixtures.start)
        let decoded = try decoder.request(bytes)
        let body = try RequestFixtures.bytes(RequestFixtures.start.start)
        #expect(decoded.callBytes == field(10, body))
    }

    @Test("An unknown field is refused with its path, at every depth")
    func unknownField() throws {
        #expect(refusal([8 << 3, 1])?.field == "8")
        let start = field(10, field(19, [43 << 3 & 0x7f | 0x80, 43 >> 4, 1]))
        #expect(refusal(start)?.field == "start.limits.43")
        #expect(refusal(start)?.code == .unimplemented)
        let grants = field(10, field(18, []) + field(18, [3 << 3, 1]))
        #expect(refusal(grants)?.field == "start.grants[1].3")
        let attach = field(13, field(11, [9 << 3, 0]))
        #expect(refusal(attach)?.field == "attach.log.9")
        #expect(refusal(field(29, []))?.code == .unimplemented)
        #expect(refusal(field(29, []))?.field == "29")
    }

    @Test("An unknown enum value is refused with its path, packed or not")
    func unknownEnum() {
        #expect(refusal(field(10, field(15, [1, 14])))?.field == "start.results[1]")
        #expect(refusal(field(10, [15 << 3, 14]))?.field == "start.results[0]")
        #expect(refusal(field(10, field(15, [14])))?.code == .unimplemented)
        #expect(refusal(field(10, field(14, [1 << 3, 99])))?.field == "start.arguments[0].kind")
        #expect(refusal(field(13, field(11, field(12, [5]))))?.field == "attach.log.streams[0]")
    }

    @Test("Two calls, two of a choice and a field twice are refused")
    func twice() {
        #expect(refusal(field(15, []) + field(12, []))?.code == .invalidArgument)
        #expect(refusal(field(15, []) + field(15, []))?.code == .invalidArgument)
        let both = field(11, field(10, [1 << 3, 1] + field(2, [0x61])))
        #expect(refusal(both)?.field == "stop.process.name")
        #expect(refusal(field(12, [11 << 3, 1, 11 << 3, 0]))?.field == "list.include_ended")
        #expect(refusal([])?.code == .invalidArgument)
    }

    @Test("Wrong wire types and numbers that do not fit are refused")
    func wrongTypes() {
        #expect(refusal([15 << 3, 1])?.field == "info")
        #expect(refusal(field(15, []) + [3 << 3] + varint(1 << 32))?.field == "deadline_ms")
        #expect(refusal(field(12, [11 << 3, 2]))?.field == "list.include_ended")
        #expect(refusal([15 << 3 | 3])?.code == .invalidArgument)
        #expect(refusal([0, 1])?.code == .invalidArgument)
        #expect(refusal(field(15, []) + field(2, [0xff]))?.code == .invalidArgument)
    }

    @Test("Headers outside their limits are refused with the field")
    func header() throws {
        var request = RequestFixtures.all[1]
        request.requestIDBytes = [UInt8](repeating: 0, count: 33)
        #expect(refusal(try RequestFixtures.bytes(request))?.field == "request_id")
        request = RequestFixtures.all[1]
        request.deadlineMs = 3_600_001
        #expect(refusal(try RequestFixtures.bytes(request))?.field == "deadline_ms")
        for length in [0, 15, 65] {
            request = RequestFixtures.all[1]
            request.idempotencyKeyBytes = [UInt8](repeating: 0, count: length)
            #expect(refusal(try RequestFixtures.bytes(request))?.field == "idempotency_key")
        }
        request = RequestFixtures.all[5]
        request.idempotencyKeyBytes = []
        #expect(refusal(try RequestFixtures.bytes(request)) == nil)
    }

    @Test(
        "Lists have their limits",
        arguments: [
            (14, 64, "start.arguments"), (16, 1_024, "start.argv"), (17, 256, "start.environment"),
            (18, 256, "start.grants"),
        ] as [(UInt64, Int, String)])
    func counts(number: UInt64, limit: Int, path: String) {
        let key = field(4, RequestFixtures.key)
        let one = field(number, [])
        let full = [[UInt8]](repeating: one, count: limit).flatMap { $0 }
        #expect(refusal(key + field(10, full)) == nil)
        let error = refusal(key + field(10, full + one))
        #expect(error?.code == .invalidArgument)
        #expect(error?.field.hasPrefix(path) == true)
    }

    @Test("Every truncation of every request is refused or another legal request")
    func everyPrefix() throws {
        for request in RequestFixtures.all {
            let bytes = try RequestFixtures.bytes(request)
            for length in 0..<bytes.count {
                if let error = refusal(Array(bytes[..<length])) {
                    #expect(error.code == .invalidArgument)
                }
            }
        }
    }

    @Test("Nothing that swift-protobuf would keep as unknown gets through", arguments: 1...400)
    func mutated(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for request in RequestFixtures.all {
            var bytes = try RequestFixtures.bytes(request)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch random.next() % 3 {
                case 0:
                    bytes[.random(in: bytes.indices, using: &random)] ^=
                        1 << UInt8(random.next() % 8)
                case 1: bytes.insert(contentsOf: random.bytes(2), at: bytes.count / 2)
                default: bytes.removeLast(Int(random.next() % 3))
                }
            }
            guard let decoded = try? decoder.request(bytes) else { continue }
            // Decoding again without unknown fields must give the same: there were none.
            var options = BinaryDecodingOptions()
            options.discardUnknownFields = true
            #expect(try WireRequest(serializedBytes: bytes, options: options) == decoded.message)
        }
    }

    @Test("Later frames hold exactly one known field")
    func clientFrames() throws {
        #expect(try decoder.clientFrame(field(10, [1, 2])) == .upload([1, 2]))
        #expect(try decoder.clientFrame(field(11, [])) == .input([]))
        for bad in [[], field(12, []), field(10, []) + field(11, []), [11 << 3, 1]] as [[UInt8]] {
            #expect(throws: ProtocolError.self) { try decoder.clientFrame(bad) }
        }
    }
}
