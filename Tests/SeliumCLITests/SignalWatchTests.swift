import Glibc
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Signals of the command", .serialized, .inTurn(minutes: 2))
struct SignalWatchTests {
    /// What SIGTERM does now, as a number that can be compared; 0 is to end, 1 to be ignored.
    private func disposition() -> Int {
        var action = sigaction()
        _ = unsafe sigaction(SIGTERM, nil, &action)
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    }

    @Test("Each watch hears of a signal, the second one of a process as well as the first")
    func hears() async {
        for _ in 0..<2 {
            let (watch, other) = (SignalWatch(), SignalWatch())
            kill(getpid(), SIGTERM)
            #expect(await watch.next() == .terminate)
            #expect(await other.next() == .terminate)
            kill(getpid(), SIGINT)
            #expect(await watch.next() == .interrupt)
            #expect(await other.next() == .interrupt)
        }
    }

    @Test("A watch ignores nothing, which its children would inherit, and gives back what it took")
    func givesBack() async throws {
        var ours = 0
        do {
            let watch = SignalWatch()
            ours = disposition()
            withExtendedLifetime(watch) {}
        }
        #expect(ours != 0 && ours != 1)
        // A command of another test may watch for a moment, too.
        let end = ContinuousClock.now + .seconds(60)
        while disposition() == ours, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(disposition() != ours)
    }

    @Test("A task that is cancelled waits for no signal")
    func cancelled() async {
        let watch = SignalWatch()
        let waiting = Task { await watch.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }
}
