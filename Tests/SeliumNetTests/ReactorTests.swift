import SeliumTesting
import Testing

@testable import SeliumNet

@Suite("The reactor", .inTurn())
struct ReactorTests {
    /// Ten minutes from now, in nanoseconds.
    private var far: UInt64 { Monotonic.now + 600_000_000_000 }

    @Test("a place whose deadline is brought forward again and again keeps few timers")
    func replacedTimers() throws {
        let reactor = try Reactor.shared()
        let (token, readiness) = reactor.addPlace()
        defer { reactor.remove(token) }
        let far = far
        for step in 0..<20_000 as Range<UInt64> { reactor.arm(token, at: far - step) }
        // 1,024 are not worth looking through; other tests have their own.
        #expect(reactor.timerCount < 5_000)
        withExtendedLifetime(readiness) {}
    }

    @Test("throwing timers out forgets none that somebody waits for", .inTurn(minutes: 2))
    func keptTimers() async throws {
        let reactor = try Reactor.shared()
        let (token, readiness) = reactor.addPlace()
        let (noise, other) = reactor.addPlace()
        defer {
            reactor.remove(token)
            reactor.remove(noise)
        }
        let soon = Monotonic.now + 200_000_000
        async let outcome = readiness.wait(.pausing, since: 0, until: soon, nil)
        while !readiness.isArmed(at: soon), Monotonic.now < soon { await Task.yield() }
        let far = far
        for step in 0..<20_000 as Range<UInt64> { reactor.arm(noise, at: far - step) }
        #expect(await outcome == .timedOut)
        withExtendedLifetime(other) {}
    }
}
