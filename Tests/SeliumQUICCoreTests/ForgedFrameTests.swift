import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Frames of liars, under the right keys", .inTurn())
struct ForgedFrameTests {
    @Test(
        "10,000 Initials with mutated, split and invented frames crash nobody and leave nothing",
        arguments: [21, 22] as [UInt64])
    func initials(seed: UInt64) throws {
        // Every one is let in: it is the library that is to be hurt, not the policy.
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = 100_000
        configuration.maximumHalfOpen = 100_000
        configuration.acceptBacklog = 100_000
        let pair = try QUICPair(server: configuration)
        pair.serveEcho()
        let (client, _) = try pair.connect()
        var random = SeededRandom(seed: seed)
        let hello = try Self.captureHello()
        var opened = 0
        for round in 0..<1_250 {
            let forge = InitialForge(
                destination: random.bytes(Int.random(in: 8...20, using: &random)),
                source: random.bytes(Int.random(in: 0...20, using: &random)))
            let source = SocketAddress(
                IPv4Address(10, UInt8(round >> 8), UInt8(round & 255), 1),
                port: UInt16.random(in: 1 ... .max, using: &random))
            for number in 0..<4 as Range<UInt32> {
                let frames = Self.frames(of: hello, &random)
                let bytes = forge.packet(
                    number: random.happens(perMille: 100)
                        ? UInt32.random(in: 0 ... .max, using: &random) : number,
                    frames: frames)
                pair.inject(bytes, from: source, to: pair.server)
            }
            opened += pair.server.endpoint.halfOpenCount > 0 ? 1 : 0
            if round % 100 == 0 { pair.run(for: .milliseconds(200)) }
        }
        // They were believed as far as their keys go.
        #expect(opened > 600)
        pair.run(for: .seconds(10))
        #expect(try pair.exchange(client, text("alive")).bytes == text("alive"))
        #expect(pair.server.endpoint.halfOpenCount == 0)
        #expect(pair.server.endpoint.connectionCount == 1)
    }

    /// Some frames: of a real hello in pieces, and of nothing at all.
    private static func frames(of hello: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var frames: [UInt8] = []
        for _ in 0..<Int.random(in: 1...8, using: &random) where frames.count < 1_000 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1:
                let isFirst = random.happens(perMille: 600)
                let start = isFirst ? 0 : Int.random(in: 0..<hello.count, using: &random)
                let end = min(hello.count, start + Int.random(in: 0...300, using: &random))
                frames += crypto(offset: UInt64(start), Array(hello[start..<end]))
            case 2:
                let offset = UInt64.random(in: 0..<1 << 62, using: &random)
                frames += crypto(
                    offset: offset, random.bytes(Int.random(in: 0...100, using: &random)))
            case 3:
                frames += [2] + varint(UInt64.random(in: 0..<100, using: &random))
                frames += varint(UInt64.random(in: 0..<1 << 62, using: &random))
                frames += varint(UInt64.random(in: 0..<4, using: &random)) + random.bytes(8)
            case 4: frames += [UInt8](repeating: 0, count: Int.random(in: 1...50, using: &random))
            case 5: frames += [1]
            default: frames += random.bytes(Int.random(in: 1...60, using: &random))
            }
        }
        return frames
    }

    private static func crypto(offset: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        [6] + varint(offset) + varint(UInt64(bytes.count)) + bytes
    }

    /// Something that looks like a ClientHello; the rest of it is random.
    private static func captureHello() throws -> [UInt8] {
        var random = SeededRandom(seed: 99)
        return [1, 0, 6, 0, 3, 3] + random.bytes(1_530)
    }

    @Test("a stream that comes with a thousand holes in it is the other side's fault, and ends it")
    func holes() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let offset = Box<UInt64>(1)
        pair.clients[0].mutation = { frames in
            // Every other byte of the first stream.
            var forged: [UInt8] = []
            while forged.count + 12 <= frames.count {
                forged += [0x0e, 0] + varint(offset.value) + [1, 7]
                offset.value += 2
            }
            for index in 0..<frames.count {
                frames[index] = index < forged.count ? forged[index] : 0
            }
        }
        for _ in 0..<90 where client.end == nil {
            // Something to send, for each packet; what it says is forged.
            let stream = try #require(client.openStream())
            _ = client.write(stream, SeededBytes.make(1_000).span)
            pair.run(for: .milliseconds(1))
        }
        // Long before its window is full.
        #expect(offset.value > 2_000 && offset.value < 8_000)
        guard case .violation(_, isTransport: true, _) = server.end else {
            Issue.record("\(String(describing: server.end))")
            return
        }
        guard case .closedByPeer(_, isTransport: true, _) = client.end else {
            Issue.record("\(String(describing: client.end))")
            return
        }
    }

    @Test("a stream beyond what is allowed, of either kind, is a STREAM_LIMIT_ERROR")
    func streamLimit() throws {
        // The first unidirectional stream where none is allowed, and a far bidirectional one.
        for id in [2, 4 * 100_000] as [UInt64] {
            let pair = try QUICPair()
            let (client, server) = try pair.connect()
            pair.clients[0].mutation = { frames in
                let forged = [0x0a] + varint(id) + [1, 7]
                for index in 0..<frames.count {
                    frames[index] = index < forged.count ? forged[index] : 0
                }
            }
            let stream = try #require(client.openStream())
            _ = client.write(stream, SeededBytes.make(1_000).span)
            #expect(pair.run(until: { server.end != nil && client.end != nil }))
            // RFC 9000 section 20.1.
            guard case .violation(4, isTransport: true, _) = server.end,
                case .closedByPeer(4, isTransport: true, _) = client.end
            else {
                Issue.record(
                    "\(id): \(String(describing: server.end)), \(String(describing: client.end))")
                continue
            }
        }
    }

    @Test(
        "clients with the right keys that send mutated frames harm nobody else",
        arguments: [31, 32, 33] as [UInt64])
    func authenticated(seed: UInt64) throws {
        let pair = try QUICPair(seed: seed)
        pair.serveEcho()
        let (honest, _) = try pair.connect()
        let random = Box(SeededRandom(seed: seed))
        for _ in 0..<60 {
            let node = try pair.addClient()
            let liar = node.connections[0]
            guard pair.run(until: { liar.isHandshakeConfirmed || liar.end != nil }),
                liar.end == nil
            else { continue }
            node.mutation = { frames in Self.mutate(&frames, &random.value) }
            for _ in 0..<10 where liar.end == nil {
                guard let stream = liar.openStream() else { break }
                _ = liar.write(stream, SeededBytes.make(3_000).span)
                if random.value.happens(perMille: 300) { liar.reset(stream, code: 1) }
                if random.value.happens(perMille: 300) { liar.stopSending(stream, code: 1) }
                liar.finish(stream)
                pair.run(for: .milliseconds(20))
            }
            liar.close(code: 0, reason: "", now: pair.now)
        }
        pair.run(for: .seconds(40))
        let caught = pair.server.connections.filter {
            if case .violation? = $0.end { true } else { false }
        }
        #expect(caught.count > 20)
        #expect(try pair.exchange(honest, text("alive")).bytes == text("alive"))
        #expect(pair.server.endpoint.connectionCount == 1)
    }

    private static func mutate(
        _ frames: inout MutableSpan<UInt8>, _ random: inout SeededRandom
    ) {
        guard random.happens(perMille: 700) else { return }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // The first bytes are frame types and lengths: that is where it hurts.
            let range = Bool.random(using: &random) ? min(24, frames.count) : frames.count
            let index = Int.random(in: 0..<range, using: &random)
            frames[index] =
                Bool.random(using: &random)
                ? UInt8.random(in: 0...0x20, using: &random)
                : UInt8.random(in: 0 ... .max, using: &random)
        }
    }
}
