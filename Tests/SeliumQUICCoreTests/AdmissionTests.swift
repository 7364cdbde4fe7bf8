import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Who is let in while others pretend", .inTurn())
struct AdmissionTests {
    private static let victim = IPv4Address(203, 0, 113, 77)

    private static func tight() -> QUICConfiguration {
        var configuration = QUICConfiguration.server
        configuration.handshakesPerSecond = 1
        configuration.handshakeBurst = 2
        return configuration
    }

    @Test("whoever sends hellos in a client's name does not keep the client out")
    func spoofedInitials() throws {
        let pair = try QUICPair(server: Self.tight())
        let hellos = Box<[[UInt8]]>([])
        pair.network.filter = { datagram in
            hellos.value.append(datagram.bytes)
            return []
        }
        for _ in 0..<40 { try pair.addClient().isCut = true }
        // Two datagrams each; the first half alone is taken for a client.
        let spoofed = stride(from: 0, to: hellos.value.count, by: 2).map { hellos.value[$0] }
        #expect(spoofed.count == 40)
        pair.network.filter = nil
        let client = try pair.addClient(address: SocketAddress(Self.victim, port: 4_000))
        let connection = client.connections[0]
        for (number, hello) in spoofed.enumerated() {
            let source = SocketAddress(Self.victim, port: UInt16(5_000 + number))
            pair.inject(hello, from: source, to: pair.server)
            // Long enough for Retry; a token comes back when the rate is long spent.
            pair.run(for: .microseconds(500))
        }
        #expect(pair.server.endpoint.statistics.retries > 30)
        #expect(pair.run(until: { connection.isHandshakeConfirmed }, limit: .milliseconds(200)))
    }

    @Test("what came without a token takes nothing from what came with one")
    func separateRates() {
        var ledger = AddressLedger(Self.tight(), now: 1)
        let address = IPAddress.v4(Self.victim)
        let without = (0..<10).map { _ in ledger.takeUnvalidated(of: address, now: 1) }
        #expect(without.count { $0 } == 2)
        let with = (0..<10).map { _ in ledger.takeValidated(of: address, now: 1) }
        #expect(with.count { $0 } == 2)
    }

    @Test("a table full of addresses sends newcomers to Retry, and then lets them in")
    func fullTable() {
        var ledger = AddressLedger(Self.tight(), now: 1)
        for number in 0..<UInt32(HandshakeRates.maximumBuckets) {
            let address = IPAddress.v4(IPv4Address(bits: 0x0a00_0000 + number))
            let isUnvalidatedTaken = ledger.takeUnvalidated(of: address, now: 1)
            let isValidatedTaken = ledger.takeValidated(of: address, now: 1)
            #expect(isUnvalidatedTaken && isValidatedTaken)
        }
        let newcomer = IPAddress.v4(Self.victim)
        let hasPlace = ledger.takeUnvalidated(of: newcomer, now: 1)
        #expect(!hasPlace)
        // One rate for all that there is no room for.
        let shared = (0..<10).map { _ in ledger.takeValidated(of: newcomer, now: 1) }
        #expect(shared.count { $0 } == 2)
        // A second later the others need not be remembered.
        let later: UInt64 = 1_000_000_002
        let isTakenWithout = ledger.takeUnvalidated(of: newcomer, now: later)
        let isTakenWith = ledger.takeValidated(of: newcomer, now: later)
        #expect(isTakenWithout && isTakenWith)
    }
}
