import SeliumClient
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Golden texts", .inTurn(minutes: 2))
struct GoldenTextTests {
    static let failures: [(ConnectionFailure, Int32, String)] = [
        (
            .noCertificates(tried: ["./certs", "~/.config/selium/certs"]), 78,
            "error: no certificates in ./certs or ~/.config/selium/certs\nto make them: selium cert init\n"
        ),
        (
            .nothingListening(host: "localhost", port: 7000, tried: ["::1", "127.0.0.1"]), 69,
            "error: nothing listens on localhost:7000 (tried ::1, 127.0.0.1)\nstart it: selium-runtime\n"
        ),
        (
            .noAnswer(host: "H", port: 7000, seconds: 3), 69,
            "error: no answer from H:7000 in 3 s: host down, or UDP 7000 filtered\n"
                + "check: the host is up, and UDP port 7000 is open on the way\n"
        ),
        (
            .foreignAuthority(host: "H", port: 7000, caPath: "certs/ca.crt"), 78,
            "error: H:7000 shows a certificate of another CA than certs/ca.crt\n"
                + "take the certificates that belong to that server: --cert-dir DIR\n"
        ),
        (
            .serverCertificateExpired(notAfter: 1_700_000_000, now: 1_795_000_000), 78,
            "error: the server's certificate expired on 2023-11-14 22:13:20 UTC (your clock: 2026-11-18 11:06:40 UTC)\n"
                + "on the server, make new ones: selium cert init --dir NEW\n"
        ),
        (
            .ownCertificateExpired(
                path: "certs/client.crt", notAfter: 1_700_000_000, now: 1_795_000_000), 78,
            "error: your certificate certs/client.crt expired on 2023-11-14 22:13:20 UTC (your clock: 2026-11-18 11:06:40 UTC)\n"
                + "where the CA is: selium cert issue NAME --renew\n"
        ),
        (
            .ownCertificateNotYetValid(
                path: "certs/client.crt", notBefore: 1_795_000_000, now: 1_700_000_000), 78,
            "error: your certificate certs/client.crt is valid from 2026-11-18 11:06:40 UTC (your clock: 2023-11-14 22:13:20 UTC)\n"
                + "check the clocks of this machine and of the one where the CA is\n"
        ),
        (
            .wrongName(names: ["a", "b"], host: "H"), 78,
            "error: the certificate is for a, b, not for H\ntry: --server-name a\n"
        ),
        (
            .unreadableFile(path: "certs/client.key", reason: "Permission denied"), 78,
            "error: cannot read certs/client.key: Permission denied\n"
                + "check the file, or name another directory: --cert-dir DIR\n"
        ),
        (
            .keyReadableByOthers(path: "certs/client.key", mode: 0o644), 78,
            "error: certs/client.key is readable by others (0644)\nfix: chmod 600 certs/client.key\n"
        ),
        (
            .refusedByServer(name: "alice"), 77,
            "error: the server refused the certificate alice (unknown CA, expired or revoked)\n"
                + "ask for one of its CA: selium cert issue NAME\n"
        ),
        (
            .protocolDiffers(host: "H", port: 7000), 76,
            "error: H:7000 does not speak selium/1\ncheck the port: --port PORT\n"
        ),
        (
            .unavailable(host: "H", port: 7000, reason: "the server takes no new connection now"),
            69,
            "error: no connection to H:7000: the server takes no new connection now\n"
                + "try again in a moment\n"
        ),
        (
            .unknownHost(host: "h\u{1b}[2J", reason: "Name or service not known"), 69,
            "error: no address for h\\u{1b}[2J: Name or service not known\ncheck the name: --domain HOST\n"
        ),
    ]

    @Test("Only a field that the server does not know makes it older than this command")
    func fields() {
        let unknown = CommandError(
            ClientError(.unimplemented, "x", detail: .field("start.limits.43")))
        #expect(unknown.remedies.joined().contains("older than this command"))
        let refused = CommandError(
            ClientError(.invalidArgument, "x", detail: .field("start.grants")))
        #expect(refused.remedies.isEmpty)
    }

    @Test("Every connection failure has its code and its words", arguments: failures)
    func failure(_ failure: ConnectionFailure, _ code: Int32, _ text: String) {
        let error = CommandError(ClientError(.connectionFailed, "x", detail: .connection(failure)))
        #expect(error.status.code == code)
        #expect(error.text(colour: false) == text)
    }

    @Test("An address of version 6 stands in brackets")
    func brackets() {
        #expect(ConnectionFailureText.place("::1", 7000) == "[::1]:7000")
    }

    @Test("A denial says what was wanted, granted and what would allow it")
    func denial() {
        let denial = Denial(
            capability: "NetHttpConnect", resource: "https://api.example.com:443",
            nearestGrant: "NetHttpConnect=https://example.com:443", difference: "host differs",
            role: "deployer",
            rolePermits: true)
        let error = CommandError(
            ClientError(.permissionDenied, "denied", detail: .denial(denial)), process: 7)
        #expect(error.status == .denied)
        #expect(
            error.text(colour: false) == """
                error: process 7 was denied NetHttpConnect to https://api.example.com:443
                  granted:   NetHttpConnect=https://example.com:443      (host differs)
                  to allow:  selium start … --capability NetHttpConnect=https://api.example.com:443
                  your role 'deployer' permits this: yes

                """)
    }

    @Test("What the role forbids is for somebody else to allow")
    func forbidden() {
        let denial = Denial(
            capability: "NetTcpConnect", resource: "", nearestGrant: "", difference: "not granted",
            role: "user", rolePermits: false)
        let error = CommandError(ClientError(.permissionDenied, "denied", detail: .denial(denial)))
        #expect(
            error.text(colour: false) == """
                error: the server denied NetTcpConnect
                  granted:   nothing like it      (not granted)
                  to allow:  selium start … --capability NetTcpConnect
                  your role 'user' permits this: no, ask an operator

                """)
    }

    @Test("The note on imports names module, imports, capabilities and the flag")
    func importNote() {
        let notes = [
            ImportNote(
                module: "wasi_snapshot_preview1", name: "clock_time_get", capability: "TimeRead")
        ]
        #expect(
            ImportNotes.lines("app.wasm", notes, withUnknown: true) == [
                "note: app.wasm imports clock_time_get; not granted: TimeRead   (--capabilities wasi)"
            ])
        let files = [
            ImportNote(module: "wasi_snapshot_preview1", name: "path_open", capability: "FsRead")
        ]
        #expect(
            ImportNotes.lines("app.wasm", files + notes, withUnknown: true) == [
                "note: app.wasm imports clock_time_get; not granted: TimeRead   (--capabilities wasi)",
                "note: app.wasm imports path_open; not granted, and not available yet: FsRead",
            ])
        #expect(
            ImportNotes.lines("app.wasm", files, withUnknown: true) == [
                "note: app.wasm imports path_open; not granted, and not available yet: FsRead"
            ])
        // The set is offered for what it covers and nothing else.
        let more = [
            ImportNote(module: "selium", name: "accept", capability: "NetTcpAccept"),
            ImportNote(module: "selium", name: "listen", capability: "NetTcpAccept"),
        ]
        #expect(
            ImportNotes.lines("app.wasm", notes + more, withUnknown: true) == [
                "note: app.wasm imports clock_time_get, accept, listen; not granted: TimeRead, NetTcpAccept   (--capabilities TimeRead,NetTcpAccept)"
            ])
        let unknown = [ImportNote(module: "env", name: "foo", capability: "")]
        #expect(ImportNotes.lines("app.wasm", unknown, withUnknown: false).isEmpty)
        #expect(ImportNotes.lines("app.wasm", unknown, withUnknown: true).count == 1)
    }
}

@Suite("Exit codes", .inTurn(minutes: 2))
struct ExitStatusTests {
    @Test(
        "The server's codes",
        arguments: [
            (ClientError.Code.notFound, Int32(3)), (.alreadyExists, 4), (.aborted, 4),
            (.failedPrecondition, 4),
            (.invalidArgument, 65), (.outOfRange, 65), (.dataLoss, 65), (.permissionDenied, 77),
            (.unauthenticated, 77), (.resourceExhausted, 75), (.unavailable, 75),
            (.deadlineExceeded, 75),
            (.unimplemented, 76), (.internal, 70), (.unknown, 70), (.cancelled, 130),
            (.connectionLost, 69),
            (.localFile, 66),
        ])
    func server(_ code: ClientError.Code, _ expected: Int32) {
        #expect(ExitStatus(ClientError(code, "x")).code == expected)
    }

    @Test(
        "A mirrored process",
        arguments: [
            (ExitOutcome.returned([]), false, Int32(0)), (.returned([]), true, 143),
            (.exited(7), false, 7),
            (.exited(0), true, 0), (.exited(256), false, 255), (.exited(4_294_967_295), false, 255),
            (.trapped(Trap(kind: "unreachable", message: "", frames: [])), false, 134),
            (.limit("memory"), false, 137),
            (.killed(.noStopHandler), true, 137), (.killed(.kill), false, 137),
            (.killed(.graceUsedUp), true, 137),
            (.lost, false, 125),
        ])
    func mirrored(_ outcome: ExitOutcome, _ stopRequested: Bool, _ expected: Int32) {
        let record = ExitRecord(outcome: outcome, stopRequested: stopRequested)
        #expect(ExitStatus(mirroring: record).code == expected)
    }
}
