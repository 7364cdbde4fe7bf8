import SeliumABI
import SeliumTesting
import Testing

@Suite("Texts people write", .inTurn())
struct TextTests {
    @Test(
        "a backslash quotes the separators and itself",
        arguments: [
            ("", []), ("a", ["a"]), ("a,b", ["a", "b"]), (#"a\,b,c"#, ["a,b", "c"]),
            (#"a\\,b"#, [#"a\"#, "b"]),
            (#"a\;b"#, ["a;b"]), (#"a\nb"#, [#"a\nb"#]), (#"a\"#, [#"a\"#]), (",", ["", ""]),
        ] as [(String, [String])])
    func quoting(text: String, items: [String]) {
        #expect(QuotedList.split(text, at: ",") == items)
    }

    @Test("the outer list keeps the quotes for the inner one")
    func nested() {
        let outer = QuotedList.split(#"a=x\,y;b=\;"#, at: ";", unquoting: false)
        #expect(outer == [#"a=x\,y"#, #"b=\;"#])
    }

    @Test(
        "the nearest name is near, or there is none",
        arguments: [
            ("TimeRed", "TimeRead"), ("timeread", "TimeRead"), ("TiemRead", "TimeRead"),
            ("Zebra", nil), ("", nil),
        ] as [(String, String?)])
    func nearest(text: String, name: String?) {
        #expect(NearestName.of(text, among: ["FsRead", "TimeRead", "EnvRead"]) == name)
    }

    @Test("kinds have their spellings and aliases")
    func kinds() {
        for kind in ValueKind.allCases { #expect(ValueKind(name: kind.name) == kind) }
        for name in ["bytes", "byte", "data"] { #expect(ValueKind(name: name) == .buffer) }
        for name in ["utf-8", "string", "str", "text"] { #expect(ValueKind(name: name) == .utf8) }
        #expect(ValueKind(name: "handle") == .resource)
        #expect(ValueKind(name: "int") == nil)
        #expect(ValueKind.allCases.map(\.rawValue) == Array(1...13))
    }

    @Test("result codes are WASI's")
    func errnos() {
        let codes: [(Errno, UInt16)] = [
            (.success, 0), (.again, 6), (.badDescriptor, 8), (.fault, 21), (.invalid, 28),
            (.noEntry, 44),
            (.notImplemented, 52), (.timedOut, 73), (.notCapable, 76),
        ]
        for (errno, code) in codes { #expect(errno.rawValue == code) }
    }
}
