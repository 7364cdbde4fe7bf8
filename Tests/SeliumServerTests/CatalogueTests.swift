import Foundation
import SeliumKernel
import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@testable import SeliumServer

/// What a new call must bring with it.
@Suite(.inTurn(minutes: 2)) struct CatalogueTests {
    private var calls: [FieldSchema] {
        RequestSchema.standard.request.fields.filter { $0.number >= 10 }
    }

    private func document(_ name: String) throws -> String {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../\(name)")
        return try String(contentsOf: url, encoding: .utf8)
    }

    @Test("Every call has a verb, a request in the tests that ask for each, and one row")
    func everyCall() throws {
        let page = try document("docs/control-protocol.md")
        let tested = WireRequest.every(1).map { Call($0.call)?.verb.rawValue }
        #expect(Set(tested) == Set(calls.map(\.name)))
        #expect(calls.count == tested.count)
        for call in calls {
            #expect(Verb(rawValue: call.name) != nil, "\(call.name) has no authority rule")
            let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `\(call.name)` |") }
            #expect(rows.count == 1, "\(call.name)")
        }
    }

    /// The codes that the last cell of a call's row names.
    private func documented(_ call: String) throws -> Set<String> {
        let page = try document("docs/control-protocol.md")
        let row = try #require(
            page.split(separator: "\n").first { $0.hasPrefix("| `\(call)` |") }, "\(call)")
        let cell = try #require(row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) })
        let quoted = cell.split(separator: "`", omittingEmptySubsequences: false)
        return Set(quoted.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) })
    }

    /// One of every call about somebody else's process, each in a way that is refused.
    private func foreign(_ id: UInt64) -> [WireRequest] {
        var named = WireRequest.every(id).map { request in
            var request = request
            request.namespace = "alice"
            return request
        }
        let grant = WireGrant.with { $0.capability = "NetTcpConnect" }
        named += [
            .start("waits") { $0.grants = [grant] },
            .start(upload: [1, 2, 3]) { $0.moduleSize = 0 },
            .stop(id), .attach(id), .attach(id) { $0.input = true }, .wait(id), .kill(id),
            .restart(id), .remove(id), .remove(id, force: true), .inspect(id),
            .inspectModule("nothing"), .removeModule("nothing"),
        ]
        var list = WireRequest.list()
        list.list.processes = [.with { $0.id = id }]
        return named + [list]
    }

    @Test("Every call refuses a role what its row says, and does nothing; its owner gets it")
    func refusals() async throws {
        let host = InMemoryProcessHost()
        host.addModule("hello", Script.module("exit 0"))
        host.addModule("waits", Script.module("wait"))
        host.give(Script.module("exit 0"), to: "alice")
        let schema = calls
        try await withServer(host: host) { fixture in
            let alice = try await fixture.connect(as: "alice")
            let id = try await alice.start("waits")
            let bob = try await fixture.connect(as: "bob")
            var codes: [String: Set<String>] = [:]
            for request in foreign(id) {
                let error = try await bob.error(request)
                let call = try #require(Call(request.call)?.verb.rawValue)
                codes[call, default: []].insert(ErrorCode(error.code).name)
            }
            for call in schema {
                #expect(try documented(call.name) == codes[call.name], "\(call.name)")
            }
            #expect(try await bob.processes().isEmpty)
            #expect(try await alice.processes().map(\.state) == [.running])
            // The same from the owner: nothing of it was refused for what it is. What ends and forgets
            // the process comes last.
            let last: [WireRequest] = [.stop(id), .kill(id), .remove(id), .pruning]
            let own = WireRequest.every(id).filter { one in
                !last.contains { $0.call == one.call }
            }
            for request in own + last {
                let call = try await alice.open(request)
                switch try await call.step() {
                case .error(let error): Issue.record("\(error)")
                case .following: call.cancel()
                default: break
                }
            }
            #expect(try await alice.processes(all: false).isEmpty)
        }
    }

    @Test(
        "A denial in a log says the reader's role, and whether that may grant what is missing",
        arguments: [
            ("TimeRead", Role.user, true), ("NetTcpConnect", .user, false),
            ("NetTcpConnect", .operator, true), ("NoSuchThing", .operator, false),
        ])
    func denialInLog(capability: String, role: Role, permits: Bool) throws {
        let record = SystemRecord.denied(
            Denial(
                capability: capability, resource: "here", nearestGrant: nil,
                difference: "not granted"))
        let entry = LogEntry(
            LogChunk(
                first: 1, count: 1, wallTime: 0, monotonicTime: 0, content: .system(record)),
            for: role)
        let denial = try WireSystemRecord(serializedBytes: entry.bytes).denied
        #expect(denial.role == role.name)
        #expect(denial.rolePermits == permits)
    }

    @Test("The document names every error code and every reset code")
    func codes() throws {
        let page = try document("docs/control-protocol.md")
        for code in ErrorCode.allCases
        where code != .ok && code != .unknown && code != .unauthenticated {
            #expect(page.contains("`\(code.name)` \(code.rawValue)"), "\(code.name)")
        }
        for code in 0...7 { #expect(page.contains("\n| \(code) | ")) }
    }

    @Test("Two requests of an identity that are both refused leave its account empty")
    func ledger() throws {
        var configuration = ServerConfiguration()
        configuration.maximumConnectionsPerIdentity = 1
        configuration.maximumRequestsPerIdentity = 1
        configuration.requestBurst = 2
        configuration.requestsPerSecond = 1
        let ledger = IdentityLedger(configuration)
        let caller = Caller.anonymous
        let account = try #require(ledger.beginConnection(caller, now: 0))
        #expect(ledger.beginConnection(caller, now: 0) == nil)
        #expect(account.beginRequest(now: 0) == .admitted)
        #expect(account.beginRequest(now: 0) == .exhausted)
        account.endRequest(wasWaiting: false, now: 0)
        #expect(account.beginRequest(now: 0) == .admitted)
        // One that only waits for its reader takes no place.
        account.beginWaiting()
        #expect(ledger.requests == 1)
        account.endRequest(wasWaiting: true, now: 0)
        guard case .later(let nanoseconds) = account.beginRequest(now: 0) else {
            throw TestFailure("admitted")
        }
        #expect(nanoseconds > 0)
        #expect(account.beginRequest(now: nanoseconds) == .admitted)
        account.endRequest(wasWaiting: false, now: nanoseconds)
        account.endConnection(now: nanoseconds)
        #expect(ledger.requests == 0)
        // A new connection brings no new burst, until the old one would be full again.
        let again = try #require(ledger.beginConnection(caller, now: nanoseconds))
        #expect(again === account)
        again.endConnection(now: nanoseconds)
        #expect(ledger.beginConnection(caller, now: 3_600_000_000_000) !== account)
    }
}
