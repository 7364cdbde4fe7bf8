import Foundation
import SeliumKernel
import SeliumProtocol
import SwiftProtobuf
import Testing

@testable import SeliumServer

/// What a new call must bring with it.
@Suite struct CatalogueTests {
    private var calls: [FieldSchema] {
        RequestSchema.standard.request.fields.filter { $0.number >= 10 }
    }

    private func document(_ name: String) throws -> String {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../\(name)")
        return try String(contentsOf: url, encoding: .utf8)
    }

    @Test(
        "Every call has a verb that is judged, a handler, a refusal test and a row in the document")
    func everyCall() throws {
        let page = try document("docs/control-protocol.md")
        let tested = WireRequest.every(1).map { Call($0.call)?.verb.rawValue }
        #expect(calls.count == tested.count)
        for call in calls {
            let verb = try #require(Verb(rawValue: call.name), "\(call.name) has no authority rule")
            #expect(Authorization.allows(verb, .operator))
            #expect(tested.contains(call.name), "\(call.name) is not in WireRequest.every")
            #expect(page.contains("\n| `\(call.name)` |"), "\(call.name) has no row")
            let handler = call.name.prefix(1).uppercased() + call.name.dropFirst()
            _ = try document("Sources/SeliumServer/Handlers/\(handler)Handler.swift")
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
