import SeliumCertificates
import SeliumTesting
import Testing

@Suite("A private key file", .inTurn())
struct KeyFileTests {
    let place = TemporaryDirectory()

    @Test(
        "is judged by its owner and its mode",
        arguments: [
            (1000, 0o600, true), (1000, 0o400, true), (1000, 0o700, true), (1000, 0o640, false),
            (1000, 0o620, false), (1000, 0o604, false), (1000, 0o601, false), (1000, 0o644, false),
            (0, 0o600, true), (0, 0o640, true), (0, 0o660, true), (0, 0o644, false),
            (0, 0o602, false), (2000, 0o600, false), (2000, 0o000, false),
        ] as [(UInt32, UInt32, Bool)])
    func rule(_ owner: UInt32, _ mode: UInt32, _ good: Bool) {
        let check = { () throws(CertificateError) in
            try KeyFileRule.check(owner: owner, mode: mode, user: 1000, path: "k")
        }
        if good {
            #expect(throws: Never.self) { try check() }
        } else {
            let error = #expect(throws: CertificateError.self) { try check() }
            #expect(error?.code == .unsafeKeyFile)
            #expect(error?.mode == mode)
        }
    }

    @Test("is read when closed to others, and named with its mode when not")
    func reads() throws {
        place.write("k", "secret", mode: 0o600)
        #expect(try CertificateFile.readKey(place("k")) == Array("secret".utf8))
        place.setMode("k", 0o644)
        let error = #expect(throws: CertificateError.self) {
            try CertificateFile.readKey(place("k"))
        }
        #expect(error?.message == "\(place("k")) is readable by others (0644)")
        // A certificate is nobody's secret.
        #expect(try CertificateFile.read(place("k")) == Array("secret".utf8))
    }

    @Test("is judged behind a link, where it really is")
    func linked() {
        place.write("k", "secret", mode: 0o644)
        place.link("l", to: place("k"))
        let error = #expect(throws: CertificateError.self) {
            try CertificateFile.readKey(place("l"))
        }
        #expect(error?.code == .unsafeKeyFile)
    }

    @Test("that is missing, a directory, a pipe or too long is an error and no wait")
    func others() {
        place.makeDirectory("d")
        place.makeFIFO("f")
        place.write("long", String(repeating: "x", count: CertificateFile.maximumLength + 1))
        for (name, code) in [
            ("none", CertificateError.Code.missing), ("d", .unreadable), ("f", .unreadable),
            ("long", .unreadable),
        ] {
            let error = #expect(throws: CertificateError.self) {
                try CertificateFile.readKey(place(name))
            }
            #expect(error?.code == code)
        }
    }
}
