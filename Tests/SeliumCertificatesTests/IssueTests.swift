import SeliumCertificates
import SeliumTesting
import Testing

@Suite("Issuing a client's certificate", .inTurn())
struct IssueTests {
    let now: Int64 = 1_800_000_000
    let day: Int64 = 86_400
    let place = TemporaryDirectory()
    var directory: CertificateDirectory { CertificateDirectory(place("certs")) }

    init() throws {
        _ = try CertificateDirectory(place("certs")).initialize(now: now)
    }

    private func request(
        _ name: String, _ output: String = "out",
        _ change: (inout CertificateDirectory.Request) -> Void = { _ in }
    ) -> CertificateDirectory.Request {
        var request = CertificateDirectory.Request(name: name)
        request.output = place(output)
        change(&request)
        return request
    }

    private func code(
        _ request: CertificateDirectory.Request, at time: Int64? = nil
    ) -> CertificateError.Code? {
        do {
            _ = try directory.issue(request, now: time ?? now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("writes a directory to hand over, without any CA key, and keeps a copy")
    func issues() throws {
        let issued = try directory.issue(request("build-7"), now: now)
        #expect(issued.directory.path == place("out"))
        #expect(issued.certificate.identity == "build-7")
        #expect(issued.certificate.commonName == "build-7")
        #expect(issued.certificate.notAfter == now + 90 * day)
        #expect(place.entries("out") == ["ca.crt", "client.crt", "client.key"])
        #expect(place.mode("out") == 0o700)
        #expect(place.mode("out/client.key") == 0o600)
        #expect(place.read("out/ca.crt") == place.read("certs/ca.crt"))
        #expect(place.read("certs/issued/build-7.crt") == place.read("out/client.crt"))
        #expect(place.mode("certs/issued") == 0o700)
        #expect(try directory.issuedCertificate("build-7")?.notAfter == now + 90 * day)
        #expect(try directory.issuedCertificate("other") == nil)
    }

    @Test("refuses a name whose certificate is still valid, unless it renews")
    func stillValid() throws {
        #expect(code(request("build")) == nil)
        let error = #expect(throws: CertificateError.self) {
            try directory.issue(request("build", "two"), now: now + 90 * day)
        }
        #expect(error?.code == .stillValid)
        #expect(error?.existing.map(\.notAfter) == [now + 90 * day])
        #expect(place.entries() == ["certs", "out"])
        let before = place.read("certs/issued/build.crt")
        #expect(code(request("build", "two") { $0.renews = true }) == nil)
        #expect(place.read("certs/issued/build.crt") != before)
        #expect(place.read("certs/issued/build.crt") == place.read("two/client.crt"))
        // Another name is another matter.
        #expect(code(request("other", "three")) == nil)
    }

    @Test("issues again once the old one has expired")
    func expired() {
        #expect(code(request("build")) == nil)
        #expect(code(request("build", "two"), at: now + 90 * day + 1) == nil)
    }

    @Test("takes a record that cannot be read for a valid one")
    func unreadableRecord() {
        #expect(code(request("build")) == nil)
        place.write("certs/issued/build.crt", "?")
        #expect(code(request("build", "two")) == .stillValid)
    }

    @Test("keeps the operator's name, the system's and nobody's")
    func reserved() throws {
        for name in ["operator", "system", "anonymous"] {
            #expect(code(request(name)) == .reservedName)
        }
        for name in ["system", "anonymous"] {
            #expect(code(request(name) { $0.isOperator = true }) == .reservedName)
        }
        #expect(!place.entries("certs").contains("issued"))
        let issued = try directory.issue(request("ada") { $0.isOperator = true }, now: now)
        #expect(issued.certificate.identity == "operator")
        #expect(issued.certificate.commonName == "ada")
        #expect(place.entries("certs/issued") == ["ada.crt"])
    }

    @Test(
        "refuses what is no name",
        arguments: [
            "", "A", ".a", "-a", "_a", "a/b", "../a", "a b", "ä", "a\n", "a\u{0}",
            String(repeating: "a", count: 64),
        ])
    func names(_ name: String) {
        #expect(code(request(name)) == .invalidName)
        #expect(place.entries() == ["certs"])
    }

    @Test("takes every name the rule allows", arguments: ["a", "0", "a.b-c_d", "9-9"])
    func goodNames(_ name: String) throws {
        #expect(try directory.issue(request(name), now: now).certificate.identity == name)
    }

    @Test("takes a name of 63")
    func longName() {
        #expect(code(request(String(repeating: "a", count: 63))) == nil)
    }

    @Test("issues for 1 day to the CA's own end, not beyond")
    func days() {
        #expect(code(request("a") { $0.days = 0 }) == .invalidDays)
        #expect(code(request("a") { $0.days = 3651 }) == .invalidDays)
        #expect(code(request("a") { $0.days = 2 }, at: now + 3649 * day) == .invalidDays)
        #expect(code(request("a") { $0.days = 1 }, at: now + 3649 * day) == nil)
    }

    @Test("leaves an output alone that has certificates")
    func occupied() {
        place.makeDirectory("out")
        place.write("out/client.key", "mine")
        #expect(code(request("build")) == .alreadyExists)
        #expect(place.entries("out") == ["client.key"])
        #expect(place.read("out/client.key") == "mine")
        #expect(!place.entries("certs").contains("issued"))
    }

    @Test("takes everything back when the copy cannot be kept")
    func noRecord() {
        place.write("certs/issued", "a file, not a directory")
        #expect(code(request("build")) == .unreadable)
        #expect(code(request("build") { $0.renews = true }) == .writeFailed)
        #expect(place.entries() == ["certs"])
    }

    @Test("needs a CA whose key is the certificate's and closed to others")
    func authority() throws {
        place.setMode("certs/ca.key", 0o644)
        #expect(code(request("build")) == .unsafeKeyFile)
        place.setMode("certs/ca.key", 0o600)
        place.write("certs/ca.key", try #require(place.read("certs/client.key")))
        #expect(code(request("build")) == .noAuthority)
        place.write("certs/ca.key", "?")
        #expect(code(request("build")) == .noAuthority)
        place.remove("certs/ca.key")
        #expect(code(request("build")) == .noAuthority)
        #expect(
            throws: CertificateError.self,
            performing: {
                try CertificateDirectory(place("nowhere")).issue(request("build"), now: now)
            })
        #expect(place.entries() == ["certs"])
    }
}
