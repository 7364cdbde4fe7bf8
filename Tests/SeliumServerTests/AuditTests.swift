import Logging
import SeliumHosting
import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

/// Who did what: the lines of the server's log that an operator keeps.
@Suite(.inTurn(minutes: 2)) struct AuditTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("waits", Script.module("wait"))
        return host
    }

    @Test("Every connection leaves a line: who, with which certificate, from where, as what")
    func connections() async throws {
        let log = LogCapture()
        try await withServer(host: host(), logger: log.logger) { fixture in
            _ = try await (try fixture.connect(as: "alice")).result(.whoAmI)
            _ = try await (try fixture.connect()).result(.whoAmI)
            let lines = log.lines("connection accepted")
            #expect(lines.map { $0.metadata["identity"] } == ["alice", "operator"])
            #expect(lines.map { $0.metadata["role"] } == ["user", "operator"])
            for line in lines {
                #expect(line.level == .info)
                #expect(line.metadata["address"]?.hasPrefix("127.0.0.1:") == true)
                let fingerprint = line.metadata["fingerprint"] ?? ""
                #expect(fingerprint.utf8.count == 64)
                #expect(fingerprint.allSatisfy { $0.isHexDigit })
            }
            #expect(lines[0].metadata["fingerprint"] != lines[1].metadata["fingerprint"])
        }
    }

    @Test("Every request that may change something leaves a line, without a value of its")
    func requests() async throws {
        let log = LogCapture()
        try await withServer(host: host(), logger: log.logger) { fixture in
            let client = try await fixture.connect(as: "alice")
            var start = WireRequest.start("waits") { start in
                start.argv = ["hunter2"]
                start.environment = [
                    .with {
                        $0.name = "TOKEN"
                        $0.value = "s3cret"
                    }
                ]
            }
            start.requestIDBytes = [0xAB, 1]
            guard case .started(let started) = try await client.result(start) else {
                throw TestFailure("no")
            }
            _ = try await client.error(.start("nothing"))
            let reader = try await client.open(
                .attach(started.id) { $0.input = true }, end: false)
            _ = try await reader.step()
            reader.cancel()
            _ = try await client.processes()
            _ = try await client.result(.stop(started.id))
            await eventually { log.lines("request").count >= 4 }
            let lines = log.lines("request").map(\.metadata)
            #expect(lines.count == 4)
            #expect(lines.allSatisfy { $0["identity"] == "alice" && $0["namespace"] == "alice" })
            let first = try #require(lines.first)
            #expect(first["call"] == "start")
            #expect(first["outcome"] == "ok")
            #expect(first["request"] == "ab01")
            #expect(first["process"] == "\(started.id)")
            let told = Set(lines.map { "\($0["call"] ?? "") \($0["outcome"] ?? "")" })
            #expect(
                told == ["start ok", "start NOT_FOUND", "attach FAILED_PRECONDITION", "stop ok"])
            #expect(log.lines("request").allSatisfy { $0.level == .notice })
            let everything = log.lines.map { "\($0)" }.joined()
            #expect(!everything.contains("hunter2"))
            #expect(!everything.contains("s3cret"))
            #expect(!everything.contains("TOKEN"))
        }
    }

    @Test("A refusal's denial says the caller's role and whether that may grant what is missing")
    func denials() async throws {
        let host = host()
        try await withServer(host: host) { fixture in
            fixture.host.failNext(
                HostError(
                    .permissionDenied, "denied",
                    denial: Denial(
                        capability: "NetTcpConnect", resource: "10.0.0.1:80", nearestGrant: nil,
                        difference: "not granted")))
            let chief = try await fixture.connect()
            let denied = try await chief.error(.list()).denial
            #expect(denied.role == "operator")
            #expect(denied.rolePermits)
        }
    }
}
