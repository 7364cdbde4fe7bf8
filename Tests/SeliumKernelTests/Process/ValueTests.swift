import SeliumABI
import SeliumKernel
import SeliumTesting
import Testing

@Suite("Typed values", .inTurn())
struct ValueTests {
    @Test(
        "the range of every integer is kept to the last number",
        arguments: [
            (ValueKind.i8, "-128", "127"), (.u8, "0", "255"), (.i16, "-32768", "32767"),
            (.u16, "0", "65535"),
            (.i32, "-2147483648", "2147483647"), (.u32, "0", "4294967295"),
            (.i64, "-9223372036854775808", "9223372036854775807"),
            (.u64, "0", "18446744073709551615"),
        ])
    func ranges(kind: ValueKind, least: String, most: String) throws {
        for text in [least, most] {
            let value = try Value(text: text, kind: kind)
            #expect(value.kind == kind)
            #expect(value.text == text)
        }
        let beyond = most.dropLast() + String((most.last?.wholeNumberValue ?? 0) + 1)
        for text in [String(beyond), least == "0" ? "-1" : least + "0", "", "x", "1 ", "1.0"] {
            #expect(throws: KernelError.self) { try Value(text: text, kind: kind) }
        }
    }

    @Test("buffers are text or hexadecimal")
    func buffers() throws {
        #expect(try Value(text: "hex:00fF", kind: .buffer) == .buffer([0, 255]))
        #expect(try Value(text: "a:b", kind: .buffer) == .buffer([0x61, 0x3a, 0x62]))
        #expect(try Value(text: "hex:", kind: .buffer) == .buffer([]))
        #expect(Value.buffer([0, 255]).text == "hex:00ff")
        for text in ["hex:0", "hex:0g"] {
            #expect(throws: KernelError.self) { try Value(text: text, kind: .buffer) }
        }
    }

    @Test("numbers of the wire fit their kind or are refused")
    func wire() {
        #expect(Value(signed: 127, kind: .i8) == .i8(127))
        #expect(Value(signed: 128, kind: .i8) == nil)
        #expect(Value(signed: 1, kind: .u8) == nil)
        #expect(Value(unsigned: 65_536, kind: .u16) == nil)
        #expect(Value(unsigned: 1, kind: .i32) == nil)
        #expect(Value(unsigned: .max, kind: .u64) == .u64(.max))
    }
}
