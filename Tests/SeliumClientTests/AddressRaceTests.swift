import SeliumNetCore
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumClient

@Suite("The addresses of one name", .inTurn(minutes: 1))
struct AddressRaceTests {
    @Test("whoever gives up while the first is tried has no other tried after it")
    func cancelled() async {
        let begun = Mutex<Int>(0)
        let (tried, signal) = AsyncStream.makeStream(of: Void.self)
        let addresses = (1...16).map { IPAddress.v4(IPv4Address(127, 0, 0, UInt8($0))) }
        let race = AddressRace<Int>(
            addresses: addresses, patience: .seconds(3_600),
            connect: { _, _ in
                begun.withLock { $0 += 1 }
                signal.yield()
                // Until the race is given up.
                try? await Task.sleep(for: .seconds(3_600))
                return .silent
            }, discard: { _ in })
        let dial = Task { await race.run() }
        for await _ in tried { break }
        dial.cancel()
        guard case .silent = await dial.value else {
            Issue.record("it found a connection")
            return
        }
        // The first, and what a head start may have begun meanwhile; not all that were left.
        #expect(begun.withLock { $0 } < 16)
    }
}
