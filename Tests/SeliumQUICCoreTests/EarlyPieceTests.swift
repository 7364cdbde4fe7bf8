import SeliumNetCore
import SeliumTestSupport
import Testing

@testable import SeliumQUICCore

@Suite("Pieces that come before their turn", .timeLimit(.minutes(2)))
struct EarlyPieceTests {
    @Test("a peer that sends every other byte is closed before its holes cost a megabyte")
    func everyOtherByte() throws {
        let pair = try QUICPair()
        let (client, server) = try pair.connect()
        let liar = try #require(client.openStream())
        let offset = Box<UInt64>(1)
        pair.clients[0].mutation = { frames in
            var forged: [UInt8] = []
            while forged.count + 12 <= frames.count {
                forged += [0x0e] + varint(liar.id) + varint(offset.value) + [1, 7]
                offset.value += 2
            }
            for index in 0..<frames.count {
                frames[index] = index < forged.count ? forged[index] : 0
            }
        }
        var most = 0
        for _ in 0..<90 where client.end == nil {
            // Something to send, for each packet; what it says is forged.
            let stream = try #require(client.openStream())
            _ = client.write(stream, SeededBytes.make(1_000).span)
            pair.run(for: .milliseconds(1))
            most = max(most, server.earlyCount)
        }
        #expect(
            client.end
                == .closedByPeer(code: 2, isTransport: false, reason: "too many small pieces"))
        guard case .violation(code: 2, isTransport: false, _) = server.end else {
            Issue.record("\(String(describing: server.end))")
            return
        }
        #expect(most > 4_000)
        #expect(most <= CoreConnection.maximumEarlyPieces)
    }

    @Test("a hello in a thousand pieces with holes is not waited for")
    func handshake() throws {
        let pair = try QUICPair()
        let forge = InitialForge(
            destination: [1, 2, 3, 4, 5, 6, 7, 8], source: [9, 9, 9, 9, 9, 9, 9, 9])
        let source = SocketAddress(IPv4Address(203, 0, 113, 9), port: 4_433)
        var offset: UInt64 = 5
        for number in 0..<12 as Range<UInt32> {
            // The beginning of a hello that is 60,000 bytes long.
            var frames: [UInt8] = number == 0 ? [6, 0, 4, 1, 0, 0xea, 0x60] : []
            while frames.count < 1_000 {
                frames += [6] + varint(offset) + [1, 7]
                offset += 2
            }
            pair.inject(
                forge.packet(number: number, frames: frames), from: source, to: pair.server)
            if number == 3 { #expect(pair.server.endpoint.halfOpenCount == 1) }
        }
        #expect(offset > 2 * UInt64(CoreConnection.maximumHandshakePieces))
        #expect(pair.server.endpoint.halfOpenCount == 0)
    }

    @Test("small writes over a network that loses and reorders are no flood, and are forgotten")
    func smallWrites() throws {
        let pair = try QUICPair(
            conditions: .init(delay: 2_000_000, jitter: 3_000_000, lossPerMille: 50))
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        let bytes = SeededBytes.make(40_000)
        let sink = Sink()
        var most = 0
        for start in stride(from: 0, to: bytes.count, by: 8) {
            _ = client.write(stream, bytes.span.extracting(start..<start + 8))
            pair.run(for: .microseconds(100))
            most = max(most, server.earlyCount)
            if let remote = pair.server.inbound.first { sink.drain(server, remote) }
        }
        client.finish(stream)
        #expect(
            pair.run(until: {
                if let remote = pair.server.inbound.first { sink.drain(server, remote) }
                return sink.isEnded
            }))
        #expect(sink.bytes == bytes)
        #expect(server.end == nil)
        #expect(most > 10)
        #expect(most < CoreConnection.maximumEarlyPieces / 8)
        #expect(server.earlyCount == 0)
    }

    @Test("pieces are counted until everything up to them has arrived, and never less")
    func counting() {
        var pieces = EarlyPieces()
        pieces.add(end: 10)
        pieces.add(end: 30)
        #expect(pieces.delivered(to: 5) == 0)
        pieces.add(end: 50)
        #expect(pieces.delivered(to: 29) == 0)
        #expect(pieces.count == 3)
        #expect(pieces.delivered(to: 30) == 2)
        #expect(pieces.delivered(to: 49) == 0)
        #expect(pieces.count == 1)
        #expect(pieces.delivered(to: 50) == 1)
        #expect(pieces.count == 0)
    }
}
