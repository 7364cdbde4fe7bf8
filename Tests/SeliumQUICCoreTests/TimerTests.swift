import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Timers and turns", .inTurn())
struct TimerTests {
    @Test("slots come up in the order of their latest deadlines", arguments: [1, 2] as [UInt64])
    func order(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = TimerHeap()
        var model: [Int: UInt64] = [:]
        for _ in 0..<20_000 {
            let slot = Int.random(in: 0..<50, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let deadline = UInt64.random(in: 0..<1_000, using: &random)
                heap.set(slot, to: deadline)
                model[slot] = deadline
            case 2:
                heap.remove(slot)
                model[slot] = nil
            default:
                let now = UInt64.random(in: 0..<300, using: &random)
                let due = model.values.min().flatMap { $0 <= now ? $0 : nil }
                let popped = heap.popDue(now: now)
                #expect(popped.flatMap { model[$0] } == due)
                if let popped { model[popped] = nil }
            }
            #expect(heap.count == model.count)
            #expect(heap.earliest == model.values.min())
        }
    }

    @Test("a connection that is used now and then has one deadline planned, not one for each use")
    func onePerConnection() throws {
        let pair = try QUICPair()
        pair.serveEcho()
        let (client, server) = try pair.connect()
        for _ in 0..<50 {
            #expect(try pair.exchange(client, text("x")).bytes == text("x"))
            // Longer than any short timer: what is left is the idle timeout.
            pair.run(for: .milliseconds(100))
            #expect(pair.server.endpoint.plannedCount <= 1)
            #expect(pair.clients[0].endpoint.plannedCount <= 1)
        }
        client.close(code: 0, reason: "", now: pair.now)
        pair.run(for: .seconds(10))
        #expect(server.end != nil)
        #expect(pair.server.endpoint.plannedCount == 0)
        #expect(pair.clients[0].endpoint.plannedCount == 0)
    }

    @Test("ending many connections that wait for their turn looks through no list, and skips them")
    func endedWhileReady() throws {
        let pair = try QUICPair()
        let endpoint = try pair.addClient().endpoint
        let path = NetworkPath(
            local: SocketAddress(IPv4Address(10, 0, 0, 1), port: 7),
            remote: QUICPair.serverAddress)
        var connections: [CoreConnection] = []
        for _ in 0..<20 {
            connections.append(
                try endpoint.connect(path: path, serverName: "localhost", now: pair.now))
        }
        #expect(endpoint.readyCount == 20)
        let kept = connections.removeLast()
        for connection in connections.reversed() { connection.abandon(.unreachable, now: pair.now) }
        #expect(endpoint.readyCount == 20)
        let before = pair.network.sentCount
        pair.flush()
        // Two datagrams of the one that is left.
        #expect(pair.network.sentCount == before + 2)
        #expect(endpoint.readyCount == 0)
        #expect(!endpoint.wantsToTransmit)
        #expect(kept.end == nil)
    }
}
