import SeliumNetCore
import SeliumTesting
import Testing

/// The fields of each line of a vector text.
private func rows(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
}

@Suite("Addresses against Python's ipaddress", .inTurn())
struct AddressVectorTests {
    @Test("number, text and class agree, both ways, for every block's edges and random insides")
    func vectors() throws {
        let rows = rows(addressVectors)
        #expect(rows.count == 918)
        for row in rows {
            let (bits, text, kind) = (row[0], row[1], row[2])
            let octets = try stride(from: 0, to: bits.count, by: 2).map { start in
                let from = bits.index(bits.startIndex, offsetBy: start)
                return try #require(UInt8(bits[from..<bits.index(from, offsetBy: 2)], radix: 16))
            }
            let address = try #require(IPAddress(octets: octets))
            #expect(address.description == text)
            #expect(IPAddress(text) == address, "\(text)")
            #expect(address.addressClass.rawValue == kind, "\(text)")
        }
    }

    @Test("other spellings of an IPv6 address read as the same address")
    func spellings() throws {
        let rows = rows(spellingVectors)
        #expect(rows.count == 240)
        for row in rows {
            #expect(try IPAddress(parsing: row[0]).description == row[1])
        }
    }

    @Test("a text near an address means what Python says, or nothing")
    func mutations() {
        let rows = rows(mutationVectors)
        #expect(rows.count == 1500)
        for row in rows {
            // Zones are ours: Python takes any text behind the percent sign.
            guard !row[0].contains("%") else { continue }
            #expect((IPAddress(row[0])?.description ?? "-") == row[1], "\(row[0])")
        }
    }
}
