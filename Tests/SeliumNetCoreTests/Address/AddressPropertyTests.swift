import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Addresses under random input", .inTurn())
struct AddressPropertyTests {
    @Test("what any parser accepts has a canonical text that reads as the same value")
    func acceptedTextsAreStable() {
        var random = Seeded(state: 0x5EED)
        let alphabet = Array("0123456789abcdfAF:::....%[]/ -x\u{0}\u{FF}é")
        var accepted = 0
        for _ in 0..<60_000 {
            let length = Int.random(in: 0...28, using: &random)
            let text = String(
                (0..<length).map { _ in alphabet.randomElement(using: &random) ?? ":" })
            if let address = IPAddress(text) {
                accepted += 1
                #expect(IPAddress(address.description) == address, "\(text)")
            }
            if let range = AddressRange(text) {
                #expect(AddressRange(range.description) == range, "\(text)")
            }
            if let socket = SocketAddress(text) {
                #expect(SocketAddress(socket.description) == socket, "\(text)")
            }
        }
        // The alphabet is such that some are addresses; else this test would test nothing.
        #expect(accepted > 20)
    }

    @Test("random numbers survive text, octets and the way into a socket address")
    func roundTrips() {
        var random = Seeded(state: 0xADD2)
        for _ in 0..<20_000 {
            // Masks make runs of zero groups and all the special prefixes likely.
            let mask = random.next() | (random.next() & 0xFFFF_0000_FFFF_0000)
            let six = IPv6Address(
                high: random.next() & mask, low: random.next() & random.next() & mask,
                scopeID: UInt32.random(in: 0...2, using: &random))
            let four = IPv4Address(bits: UInt32(truncatingIfNeeded: random.next()))
            for address in [IPAddress.v6(six), .v4(four)] {
                let socket = SocketAddress(address, port: UInt16(truncatingIfNeeded: random.next()))
                #expect(SocketAddress(socket.description) == socket)
            }
            let octets = (0..<16).map { six.octets[$0] }
            #expect(IPv6Address(octets: octets, scopeID: six.scopeID) == six)
            #expect(IPv4Address(octets: (0..<4).map { four.octets[$0] }) == four)
        }
    }

    @Test("a range made around an address contains it, and its canonical form keeps its class")
    func containment() throws {
        var random = Seeded(state: 0xC1D2)
        for _ in 0..<20_000 {
            let six = IPAddress.v6(IPv6Address(high: random.next(), low: random.next()))
            let four = IPAddress.v4(IPv4Address(bits: UInt32(truncatingIfNeeded: random.next())))
            for (address, longest) in [(six, UInt8(128)), (four, 32)] {
                let length = UInt8.random(in: 0...longest, using: &random)
                let range = try #require(AddressRange(containing: address, prefixLength: length))
                #expect(range.contains(address))
                #expect(range.contains(AddressRange(address)))
            }
            #expect(AddressRange(containing: four, prefixLength: 33) == nil)
            let mapped = IPAddress.v6(
                IPv6Address(mapping: IPv4Address(bits: UInt32(truncatingIfNeeded: random.next()))))
            #expect(mapped.canonical.addressClass == mapped.addressClass)
            #expect(mapped.canonical.isIPv4)
        }
    }
}
