import SeliumCertificates
import SeliumTesting
import Testing

@Suite("Making a set of certificates", .inTurn())
struct InitializeTests {
    let now: Int64 = 1_800_000_000
    let place = TemporaryDirectory()

    @Test("makes six files that only we can read, in a directory only we can enter")
    func layout() throws {
        let directory = CertificateDirectory(place("new/certs/"))
        #expect(try directory.inspect().isEmpty)
        let made = try directory.initialize(now: now)
        #expect(made.map(\.file) == CertificateDirectory.files)
        #expect(place.entries("new/certs") == CertificateDirectory.files.sorted())
        #expect(place.mode("new/certs") == 0o700)
        for file in CertificateDirectory.files {
            #expect(place.mode("new/certs/\(file)") == 0o600)
            #expect(place.read("new/certs/\(file)")?.hasSuffix("-----\n") == true)
        }
        let day: Int64 = 86_400
        #expect(made[0].notAfter == now + 3650 * day)
        #expect(made[2].notAfter == now + 365 * day)
        #expect(made[2].hosts == CertificateDirectory.defaultHosts)
        #expect(made[4].notAfter == now + 90 * day)
        #expect(made[4].identity == "operator")
        #expect(made.filter { $0.file.hasSuffix(".crt") }.allSatisfy { $0.notBefore == now - 300 })
        #expect(made[1].notAfter == nil)
        #expect(try directory.inspect() == made)
    }

    @Test("gives the server exactly the hosts asked for, once each, and both leaves the days")
    func setup() throws {
        var setup = CertificateDirectory.Setup()
        setup.hosts = ["Example.COM.", "10.0.0.1", "2001:DB8::1", "example.com"]
        setup.days = 7
        setup.authorityCommonName = "Our CA"
        setup.clientCommonName = "Ada"
        let made = try CertificateDirectory(place.path).initialize(setup, now: now)
        #expect(made[2].hosts == ["example.com", "10.0.0.1", "2001:db8::1"])
        #expect(made[2].notAfter == now + 7 * 86_400)
        #expect(made[4].notAfter == now + 7 * 86_400)
        #expect(made[0].commonName == "Our CA")
        #expect(made[4].commonName == "Ada")
        #expect(made[4].identity == "operator")
    }

    @Test(
        "makes nothing for a host or a number of days that cannot be",
        arguments: [
            (["a b"], nil), (["-a"], nil), ([""], nil), (["1.2.3"], nil), (["*.example.com"], nil),
            (["[::1]"], nil), (["a..b"], nil), (["\u{212a}"], nil), ([], 0), ([], -1), ([], 3651),
            ([], Int.max),
        ] as [([String], Int?)])
    func invalid(_ hosts: [String], _ days: Int?) throws {
        var setup = CertificateDirectory.Setup()
        setup.hosts = hosts
        setup.days = days
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory(place("certs")).initialize(setup, now: now)
        }
        #expect(error?.code == (days == nil ? .invalidHost : .invalidDays))
        #expect(place.entries().isEmpty)
    }

    @Test("changes nothing where one of the six is, and says what is there", arguments: 0..<6)
    func existing(_ index: Int) throws {
        let file = CertificateDirectory.files[index]
        place.write(file, "mine")
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory(place.path).initialize(now: now)
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.existing.map(\.file) == [file])
        #expect(place.entries() == [file])
        #expect(place.read(file) == "mine")
    }

    @Test("a second time changes nothing and shows when each expires")
    func twice() throws {
        let directory = CertificateDirectory(place("certs"))
        let made = try directory.initialize(now: now)
        let before = CertificateDirectory.files.map { place.read("certs/\($0)") }
        let error = #expect(throws: CertificateError.self) {
            try directory.initialize(now: now + 10)
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.existing == made)
        #expect(CertificateDirectory.files.map { place.read("certs/\($0)") } == before)
    }

    @Test("never writes through a link that somebody left")
    func dangling() throws {
        place.link("client.key", to: place("elsewhere"))
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory(place.path).initialize(now: now)
        }
        #expect(error?.code == .alreadyExists)
        #expect(place.entries() == ["client.key"])
    }

    @Test(
        "refuses a directory that others may write into", arguments: [0o770, 0o707, 0o777, 0o720])
    func writable(_ mode: UInt32) throws {
        place.makeDirectory("certs", mode: mode)
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory(place("certs")).initialize(now: now)
        }
        #expect(error?.code == .unsafeDirectory)
        #expect(error?.mode == mode)
        #expect(place.entries("certs").isEmpty)
    }

    @Test("takes a directory that others may only look into")
    func readable() throws {
        place.makeDirectory("certs", mode: 0o755)
        _ = try CertificateDirectory(place("certs")).initialize(now: now)
        #expect(place.mode("certs") == 0o755)
        #expect(place.mode("certs/ca.key") == 0o600)
    }

    @Test("fails with the path where a file is in the way of the directory")
    func fileInTheWay() throws {
        place.write("certs", "")
        let error = #expect(throws: CertificateError.self) {
            try CertificateDirectory(place("certs")).initialize(now: now)
        }
        #expect(error?.path == place("certs"))
        #expect(place.read("certs") == "")
    }

    @Test("prints no key")
    func silent() throws {
        let authority = try CertificateAuthority.make(now: now)
        let issued = try authority.issueClient(identity: "build", now: now)
        #expect("\(issued)" == "IssuedCertificate")
        var dumped = ""
        dump(issued, to: &dumped)
        #expect(!dumped.contains("PRIVATE"))
    }
}
