import SeliumNet
import SeliumTesting
import Synchronization
import Testing

@Suite("The shutdown controller", .inTurn(minutes: 2))
struct GracefulShutdownTests {
    @Test("whoever waits for the beginning is told once, and who comes late at once")
    func tokens() async {
        let shutdown = GracefulShutdown()
        let token = shutdown.token
        #expect(!token.isShuttingDown)
        let waiting = Task { await token.wait() }
        shutdown.initiate()
        shutdown.initiate()
        await waiting.value
        await token.wait()
        #expect(token.isShuttingDown)
        let other = GracefulShutdown()
        let cancelled = Task { await other.token.wait() }
        cancelled.cancel()
        await cancelled.value
        #expect(!other.isShuttingDown)
    }

    @Test("the drain ends with the last piece of work, dropped or ended twice")
    func drain() async {
        let shutdown = GracefulShutdown()
        #expect(await shutdown.waitDrained(within: .zero) == .drained)
        var first: ConnectionGuard? = shutdown.track()
        let second = shutdown.token.track()
        #expect(shutdown.workCount == 2)
        async let outcome = shutdown.shutdown(within: .seconds(60))
        await shutdown.token.wait()
        withExtendedLifetime(first) {}
        first = nil
        second.end()
        second.end()
        #expect(await outcome == .drained)
        #expect(shutdown.workCount == 0)
    }

    @Test("the drain ends at its deadline, or with its task, and says what is left")
    func deadline() async {
        let shutdown = GracefulShutdown()
        let work = shutdown.track()
        #expect(await shutdown.waitDrained(within: .zero) == .expired(remaining: 1))
        #expect(await shutdown.shutdown(within: .milliseconds(5)) == .expired(remaining: 1))
        let waiting = Task { await shutdown.waitDrained(within: .seconds(600)) }
        waiting.cancel()
        #expect(await waiting.value == .expired(remaining: 1))
        work.end()
    }

    @Test("a wait beyond all clocks is one without a deadline: work or a cancellation ends it")
    func endless() async {
        let shutdown = GracefulShutdown()
        let work = shutdown.track()
        let cancelled = Task { await shutdown.waitDrained(within: .seconds(Int64.max)) }
        cancelled.cancel()
        #expect(await cancelled.value == .expired(remaining: 1))
        async let outcome = shutdown.shutdown(within: .seconds(Int64.max))
        await shutdown.token.wait()
        work.end()
        #expect(await outcome == .drained)
    }

    @Test("of many that wait each is told, by its own deadline or by the last work")
    func manyWaiters() async {
        let shutdown = GracefulShutdown()
        let work = shutdown.track()
        async let patient = withTaskGroup(of: GracefulShutdown.Outcome.self) { group in
            for _ in 0..<20 { group.addTask { await shutdown.waitDrained(within: .seconds(600)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let impatient = await withTaskGroup(of: GracefulShutdown.Outcome.self) { group in
            for milliseconds in 1...20 {
                group.addTask { await shutdown.waitDrained(within: .milliseconds(milliseconds)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(impatient == Array(repeating: .expired(remaining: 1), count: 20))
        work.end()
        #expect(await patient == Array(repeating: .drained, count: 20))
    }
}
