import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Address ranges", .inTurn())
struct AddressRangeTests {
    @Test("a range contains its first and last address and not their neighbours")
    func edges() throws {
        let range = try AddressRange(parsing: "10.1.0.0/16")
        #expect(range.contains(try IPAddress(parsing: "10.1.0.0")))
        #expect(range.contains(try IPAddress(parsing: "10.1.255.255")))
        #expect(!range.contains(try IPAddress(parsing: "10.0.255.255")))
        #expect(!range.contains(try IPAddress(parsing: "10.2.0.0")))
        #expect(!range.contains(try IPAddress(parsing: "::ffff:10.1.0.1")))
        let six = try AddressRange(parsing: "2001:db8::/65")
        #expect(six.contains(try IPAddress(parsing: "2001:db8::7fff:ffff:ffff:ffff")))
        #expect(!six.contains(try IPAddress(parsing: "2001:db8:0:0:8000::")))
    }

    @Test("every prefix length masks exactly its bits", arguments: 0...128 as ClosedRange<UInt8>)
    func masks(length: UInt8) {
        let full = IPv6Address(high: .max, low: .max)
        let masked = full.masked(to: length)
        #expect(masked.high.nonzeroBitCount + masked.low.nonzeroBitCount == Int(length))
        #expect(masked.high.leadingZeroBitCount == 0 || length == 0)
        if length <= 32 {
            #expect(IPv4Address.broadcast.masked(to: length).bits.nonzeroBitCount == Int(length))
        }
    }

    @Test("an address alone is a range of one")
    func single() throws {
        let range = try AddressRange(parsing: "127.0.0.1")
        #expect(range.description == "127.0.0.1/32")
        #expect(range == AddressRange(.v4(.loopback)))
        #expect(try AddressRange(parsing: "::1").description == "::1/128")
    }

    @Test("a range contains the narrower one, never the wider")
    func nesting() throws {
        let wide = try AddressRange(parsing: "10.0.0.0/8")
        let narrow = try AddressRange(parsing: "10.1.0.0/16")
        #expect(wide.contains(narrow) && wide.contains(wide) && !narrow.contains(wide))
        #expect(try !AddressRange(parsing: "::/0").contains(narrow))
    }

    @Test(
        "texts that are no range are refused",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "/8",
            "10.0.0.0/-1", "10.0.0.0/999999999999999999999", "fe80::1%2/128",
        ])
    func refused(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test("the offset of an error points into the whole text")
    func offset() {
        #expect(throws: AddressError(.outOfRange, at: 9)) {
            try AddressRange(parsing: "10.0.0.0/33")
        }
    }
}
