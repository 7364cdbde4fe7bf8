import SeliumKernel
import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@testable import SeliumServer

/// What the wire says about restarts, and what it refuses.
@Suite(.serialized, .inTurn(minutes: 2)) struct SupervisionRequestTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("fails", Script.module("print up", "exit 3"))
        host.addModule("waits", Script.module("wait"))
        return host
    }

    struct Contradiction: Sendable {
        var name: String
        var change: @Sendable (inout WireSupervision) -> Void
    }

    static let contradictions: [Contradiction] = [
        Contradiction(name: "a number of restarts without a mode") { $0.mostRestarts = 3 },
        Contradiction(name: "restarts, but none") {
            $0.restart = .onFailure
            $0.mostRestarts = 0
        },
        Contradiction(name: "a back-off without restarts") {
            $0.backoff.minimumNs = 10_000_000
            $0.backoff.maximumNs = 10_000_000
        },
        Contradiction(name: "a back-off of nothing") {
            $0.restart = .always
            $0.backoff = WireBackoffRange()
        },
        Contradiction(name: "a back-off that begins behind its end") {
            $0.restart = .always
            $0.backoff.minimumNs = 2_000_000_000
            $0.backoff.maximumNs = 1_000_000_000
        },
        Contradiction(name: "a limit of nothing") {
            $0.restart = .always
            $0.limit = WireRestartLimit()
        },
        Contradiction(name: "a limit that is never reached") {
            $0.restart = .always
            $0.mostRestarts = 2
            $0.limit.count = 5
            $0.limit.windowNs = 60_000_000_000
        },
        Contradiction(name: "a grace beyond what a request may take") {
            $0.stopTimeoutNs = .max
        },
        Contradiction(name: "health after no time") {
            $0.restart = .always
            $0.resetAfterNs = 0
        },
    ]

    @Test("what contradicts or has no effect is refused before anything happens")
    func refused() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            for contradiction in Self.contradictions {
                let error = try await client.error(
                    .start("fails") { contradiction.change(&$0.supervision) })
                #expect(error.code == .invalidArgument, "\(contradiction.name)")
                #expect(error.field == "start.supervision", "\(contradiction.name)")
            }
            #expect(try await client.processes().isEmpty)
        }
    }

    @Test(
        "a list tells the policy, the wait and the restarts; of most processes there is nothing to say"
    )
    func rows() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            let id = try await client.start("fails") {
                $0.supervision.restart = .onFailure
                $0.supervision.mostRestarts = 3
                $0.supervision.noRestartOn = [64]
            }
            let row = try #require(try await client.processes().first)
            #expect(row.id == id)
            #expect(row.state == .backingOff)
            #expect(row.restarts == 1)
            #expect(row.waiting.attempt == 1)
            #expect(row.waiting.of == 3)
            #expect(row.waiting.remainingNs > 0)
            #expect(row.supervision.restart == .onFailure)
            #expect(row.supervision.mostRestarts == 3)
            #expect(row.supervision.backoff.maximumNs == 30_000_000_000)
            #expect(row.supervision.stopTimeoutNs == 10_000_000_000)
            #expect(row.supervision.noRestartOn == [64])
            fixture.host.letTimePass()
            let last = try #require(try await client.processes(all: true).first)
            #expect(last.state == .crashed)
            #expect(last.incarnation == 4)
            #expect(!last.hasWaiting)
            _ = try await client.start("waits")
            #expect(try await client.processes(all: false).first?.hasSupervision == false)
        }
    }

    @Test("a repeat of a removal finds its answer, although there is nothing to find any more")
    func removedTwice() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            let id = try await client.start("waits") { $0.name = "web" }
            #expect(try await client.error(.remove(id)).code == .failedPrecondition)
            var request = WireRequest.remove(id, force: true)
            request.remove.process.name = "web"
            for _ in 0..<2 {
                guard case .removed(let removed) = try await client.result(request) else {
                    throw TestFailure("no")
                }
                #expect(removed.id == id)
            }
            // The key belongs to this request; with another body it is another one's.
            request.remove.force = false
            #expect(try await client.error(request).code == .aborted)
            #expect(try await client.error(.remove(id)).code == .notFound)
        }
    }

    @Test("restart and kill over the wire")
    func restarted() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect(as: "alice")
            let id = try await client.start("waits")
            guard case .restarted(let restarted) = try await client.result(.restart(id)) else {
                throw TestFailure("no")
            }
            #expect(restarted.id == id)
            #expect(restarted.incarnation == 2)
            guard case .stopped(let stopped) = try await client.result(.kill(id)) else {
                throw TestFailure("no")
            }
            #expect(stopped.exit.killed.reason == .kill)
            #expect(stopped.exit.incarnation == 2)
            #expect(try await client.error(.restart(id)).code == .failedPrecondition)
        }
    }
}
