import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A handshake under somebody else's hands", .inTurn())
struct TamperingTests {
    let certificates = TestCertificates.shared

    /// Every how many bytes one is changed: a prime, so that fields of any width are hit.
    private static let step = 13

    @Test("never completes on both sides when one byte on the way was changed", arguments: 0..<4)
    func flipped(_ flight: Int) throws {
        let client = try certificates.clientContext()
        let server = try certificates.serverContext()
        // ClientHello; ServerHello; the rest of the server; the rest of the client.
        let clean = try HandshakePair.run(client: client, server: server)
        try #require(clean.flightLengths.count == 4)
        for index in stride(from: flight, to: clean.flightLengths[flight], by: Self.step) {
            var pair = try HandshakePair(client: client, server: server)
            pair.tamper = { number, original in
                // Signatures differ in length from run to run.
                guard number == flight, original.bytes.indices.contains(index) else {
                    return original
                }
                var bytes = original.bytes
                bytes[index] ^= 1 << UInt8(index % 8)
                return HandshakeFlights.Flight(level: original.level, bytes: bytes)
            }
            pair.run()
            let bothComplete =
                pair.client.session.isHandshakeComplete && pair.server.session.isHandshakeComplete
            let wasChanged = pair.flightLengths.count > flight && pair.flightLengths[flight] > index
            #expect(!bothComplete || !wasChanged, "flight \(flight), byte \(index)")
        }
    }

    @Test("never completes when the bytes of a flight end early", arguments: 0..<4)
    func truncated(_ flight: Int) throws {
        let client = try certificates.clientContext()
        let server = try certificates.serverContext()
        let clean = try HandshakePair.run(client: client, server: server)
        for length in stride(from: 0, to: clean.flightLengths[flight] - 8, by: 101) {
            var pair = try HandshakePair(client: client, server: server)
            pair.tamper = { number, original in
                number == flight
                    ? HandshakeFlights.Flight(
                        level: original.level, bytes: Array(original.bytes.prefix(length)))
                    : original
            }
            pair.run()
            #expect(!pair.server.session.isHandshakeComplete, "flight \(flight), \(length) bytes")
        }
    }
}
