import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumQUICCore

@Suite("Credit, and the memory it grants", .inTurn(minutes: 2))
struct CreditTests {
    @Test("a reader that never catches up makes a stream hold two windows of memory, not all of it")
    func slowReader() throws {
        var configuration = QUICConfiguration.server
        configuration.maximumStreamWindow = 256 << 10
        let pair = try QUICPair(conditions: .init(delay: 200_000), server: configuration)
        let (client, server) = try pair.connect()
        let stream = try #require(client.openStream())
        let total = 8 << 20
        let piece = (0..<251 * 1_024).map { UInt8($0 % 251) }
        var (written, read, most) = (0, 0, 0)
        var isRight = true
        let isDone = pair.run(
            until: {
                while written < total {
                    let rest = piece.span.extracting(droppingFirst: written % piece.count)
                    guard case .taken(let count) = client.write(stream, rest), count > 0
                    else { break }
                    written += count
                }
                guard let remote = pair.server.inbound.first else { return false }
                // Never everything, until the very end.
                while server.bufferedCount(of: remote) > 16 << 10 || read + (16 << 10) >= written,
                    case .bytes(let bytes) = server.read(remote, atMost: 16 << 10)
                {
                    isRight = isRight && bytes.first == UInt8(read % 251)
                    read += bytes.count
                }
                most = max(most, server.storage(of: remote))
                return read >= total
            }, limit: .seconds(600))
        #expect(isDone)
        #expect(isRight)
        #expect(most <= 2 * configuration.maximumStreamWindow)
    }

    @Test("64 MiB through a buffer that is never empty: bounded memory, every byte in its place")
    func neverEmpty() throws {
        let window = 64 << 10
        var buffer = ReceiveBuffer()
        let packet = (0..<251 * 8).map { UInt8($0 % 251) }
        var (written, read, most, wrong) = (0, 0, 0, 0)
        while read < 64 << 20 {
            while buffer.count + 1_200 <= window {
                let start = written % 251
                let part = packet.span.extracting(start..<start + 1_200)
                unsafe buffer.append(part.bytes, window: window)
                written += 1_200
            }
            most = max(most, buffer.capacity)
            let bytes = buffer.take(atMost: 16 << 10)
            if bytes.first != UInt8(read % 251) { wrong += 1 }
            if bytes.last != UInt8((read + bytes.count - 1) % 251) { wrong += 1 }
            read += bytes.count
            if buffer.isEmpty { wrong += 1 }
        }
        #expect(wrong == 0)
        #expect(most <= 2 * window)
        // What is left comes whole, and then nothing is held.
        #expect(buffer.take(atMost: .max).count == written - read)
        #expect(buffer.capacity == 0)
    }

    @Test(
        "a window that nobody reads takes its size of memory, not twice that",
        arguments: [64 << 10, 256 << 10, 1 << 20])
    func nobodyReads(window: Int) {
        var buffer = ReceiveBuffer()
        let packet = [UInt8](repeating: 1, count: 1_200)
        while buffer.count < window {
            let part = packet.span.extracting(first: min(1_200, window - buffer.count))
            unsafe buffer.append(part.bytes, window: window)
        }
        // The system rounds up to pages.
        #expect(buffer.capacity <= window + 8_192)
        #expect(buffer.take(atMost: .max).count == window)
    }

    /// A server whose whole window is less than what one stream may carry.
    private static var narrow: QUICConfiguration {
        var configuration = QUICConfiguration.server
        configuration.connectionWindow = 4 << 10
        return configuration
    }

    @Test("what the connection's window held up goes on by itself when that opens")
    func heldUpByTheConnection() throws {
        let pair = try QUICPair(server: Self.narrow)
        let (client, server) = try pair.connect()
        let streams = try (0..<3).map { _ in try #require(client.openStream()) }
        let bytes = [UInt8](repeating: 4, count: 60_000)
        for stream in streams {
            #expect(isTaken(client.write(stream, bytes.span), bytes.count))
            client.finish(stream)
        }
        // Nobody reads, nobody writes any more: only the credit that comes can move it.
        #expect(
            pair.run(until: {
                pair.server.inbound.count == 3
                    && pair.server.inbound.allSatisfy { server.bufferedCount(of: $0) == 60_000 }
            }))
    }

    @Test("a stream that nobody reads holds no credit of the connection")
    func creditOnReceipt() throws {
        let pair = try QUICPair(server: Self.narrow)
        let (client, server) = try pair.connect()
        // Sixteen times the connection's window, unread.
        let unread = try #require(client.openStream())
        _ = client.write(unread, [UInt8](repeating: 1, count: 64 << 10).span)
        let arrived = pair.run(until: {
            pair.server.inbound.first.map { server.bufferedCount(of: $0) } == 64 << 10
        })
        #expect(arrived)
        pair.server.onEvent = { connection, event in
            guard case .readable(let stream) = event, stream.id != unread.id else { return }
            if case .bytes = connection.read(stream, atMost: 100) {
                _ = connection.write(stream, text("process table").span)
                connection.finish(stream)
            }
        }
        let start = pair.now
        let sink = try pair.exchange(client, text("ps"))
        #expect(sink.bytes == text("process table"))
        #expect(pair.now - start < 10_000_000)
    }

    @Test("streams that are given up hold no credit of the connection", arguments: [true, false])
    func creditOfGivenUp(byClient: Bool) throws {
        let pair = try QUICPair(server: Self.narrow)
        let (client, server) = try pair.connect()
        for _ in 0..<20 {
            let stream = try #require(client.openStream())
            _ = client.write(stream, [UInt8](repeating: 2, count: 3_000).span)
            pair.run(for: .milliseconds(5))
            let remote = try #require(pair.server.inbound.last)
            if byClient {
                client.reset(stream, code: 1)
            } else {
                server.stopSending(remote, code: 1)
            }
            pair.run(for: .milliseconds(5))
            server.release(remote, code: 1)
            client.release(stream, code: 1)
        }
        pair.serveEcho()
        let sink = try pair.exchange(client, [UInt8](repeating: 3, count: 20_000))
        #expect(sink.bytes.count == 20_000)
    }

    @Test("streams have their turn: a small one does not wait for a large one")
    func roundRobin() throws {
        var configuration = QUICConfiguration.server
        configuration.streamWindow = 1 << 20
        let pair = try QUICPair(conditions: .init(delay: 5_000_000), server: configuration)
        let (client, server) = try pair.connect()
        let large = try #require(client.openStream())
        let small = try #require(client.openStream())
        let source = Source([UInt8](repeating: 1, count: 8 << 20))
        source.pump(client, large)
        _ = client.write(small, text("small").span)
        client.finish(small)
        let (bulk, sink) = (Sink(), Sink())
        #expect(
            pair.run(until: {
                source.pump(client, large)
                for stream in pair.server.inbound {
                    (stream.id == small.id ? sink : bulk).drain(server, stream)
                }
                return sink.isEnded
            }))
        // The first flight is some 15 KiB.
        #expect(bulk.bytes.count < 32 << 10)
    }

    @Test("large streams share what there is: none is ahead by more than a few packets")
    func equalShares() throws {
        var configuration = QUICConfiguration.server
        configuration.streamWindow = 1 << 20
        let pair = try QUICPair(conditions: .init(delay: 5_000_000), server: configuration)
        let (client, server) = try pair.connect()
        let streams = try (0..<4).map { _ in try #require(client.openStream()) }
        let sources = streams.map { _ in Source([UInt8](repeating: 1, count: 400_000)) }
        let sinks = streams.map { _ in Sink() }
        var widest = 0
        #expect(
            pair.run(until: {
                for (stream, source) in zip(streams, sources) { source.pump(client, stream) }
                for stream in pair.server.inbound {
                    sinks[Int(stream.id / 4)].drain(server, stream)
                }
                let counts = sinks.map(\.bytes.count)
                if let most = counts.max(), let least = counts.min() {
                    widest = max(widest, most - least)
                }
                return sinks.allSatisfy(\.isEnded)
            }))
        #expect(widest < 32 << 10)
    }

    private func isTaken(_ write: CoreWrite, _ count: Int) -> Bool {
        if case .taken(count) = write { true } else { false }
    }
}
