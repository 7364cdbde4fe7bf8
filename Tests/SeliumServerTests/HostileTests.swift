import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.serialized, .inTurn(minutes: 2)) struct HostileTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("hello", Script.module("exit 0"))
        host.addModule("waits", Script.module("print up", "wait"))
        return host
    }

    private func delimited(_ message: [UInt8]) -> [UInt8] {
        var rest = message.count
        var bytes: [UInt8] = []
        while rest >= 128 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)] + message
    }

    @Test("An unknown field in any call is UNIMPLEMENTED with its path, and nothing happens")
    func unknownField() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            for request in WireRequest.every(id) {
                let whole: [UInt8] = try request.serializedBytes()
                // Field 29 of the request itself, a call of a later version.
                var bytes = whole + [0xea, 0x01, 0x00]
                guard case .error(let call) = try await client.open(raw: delimited(bytes)).last()
                else {
                    throw TestFailure("taken")
                }
                #expect(call.code == .unimplemented)
                #expect(call.field == "29")
                // Field 99 inside the call, whose length is one byte: it is the last field.
                let schema = try #require(
                    RequestSchema.standard.request.fields.first { $0.name == name(of: request) })
                var empty = WireRequest()
                empty.idempotencyKeyBytes = request.idempotencyKeyBytes
                bytes = try empty.serializedBytes()
                let tag = schema.number << 3 | 2
                bytes += tag < 128 ? [UInt8(tag)] : [UInt8(tag & 0x7f) | 0x80, UInt8(tag >> 7)]
                bytes += [3, 0x98, 0x06, 0x01]
                guard case .error(let field) = try await client.open(raw: delimited(bytes)).last()
                else {
                    throw TestFailure("taken")
                }
                #expect(field.code == .unimplemented)
                #expect(field.field == "\(schema.name).99")
            }
            let rows = try await client.processes()
            #expect(rows.map(\.id) == [id])
            #expect(rows.first?.state == .running)
        }
    }

    private func name(of request: WireRequest) -> String {
        switch request.call {
        case .start?: "start"
        case .stop?: "stop"
        case .kill?: "kill"
        case .restart?: "restart"
        case .remove?: "remove"
        case .prune?: "prune"
        case .list?: "list"
        case .attach?: "attach"
        case .wait?: "wait"
        case .info?: "info"
        case .inspect?: "inspect"
        case .pushModule?: "push_module"
        case .listModules?: "list_modules"
        case .inspectModule?: "inspect_module"
        case .removeModule?: "remove_module"
        case .collectModules?: "collect_modules"
        case .readEvents?: "read_events"
        case nil: ""
        }
    }

    @Test(
        "A frame that cannot be read is told, and the connection lives on",
        arguments: [
            ([0x81, 0x80, 0x04], 3), ([0xff, 0xff, 0xff, 0x01], 3), ([0x80, 0x00], 2),
            ([0x02, 0x08], 2), ([0x01, 0x08], 2), ([0x00], 2),
        ] as [([UInt8], Int)])
    func badFrames(bytes: [UInt8], code: Int) async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            guard case .error(let error) = try await client.open(raw: bytes).last() else {
                throw TestFailure("taken")
            }
            #expect(error.code == .invalidArgument)
            // Without FIN the server also says that it wants no more.
            let open = try await client.open(raw: bytes, end: false)
            if bytes != [0x02, 0x08] {
                _ = try await open.last()
                let stopped = await #expect(throws: QUICError.self) {
                    while true { try await open.send([0]) }
                }
                #expect(stopped?.peerCode == UInt64(code))
            }
            guard case .info = try await client.result(.whoAmI) else { throw TestFailure("no") }
        }
    }

    @Test("A frame where none belongs ends the request, not the connection")
    func misplacedFrames() async throws {
        try await withServer(host: host()) { fixture in
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            let info: [UInt8] = try FrameEncoder.encode(.whoAmI)
            guard
                case .error(let more) = try await client.open(
                    raw: info + FrameEncoder.input([1])
                ).last()
            else { throw TestFailure("taken") }
            #expect(more.code == .invalidArgument)
            for request in [WireRequest.attach(id), .wait(id)] {
                let call = try await client.open(request, end: false)
                _ = try await call.next()
                try await call.send(FrameEncoder.input([1]))
                guard case .error(let error) = try await call.last() else {
                    throw TestFailure("taken")
                }
                #expect(error.code == .invalidArgument)
            }
            let open = try await client.open(.start("waits") { $0.input = true }, end: false)
            guard case .started(let fed) = try await open.step() else { throw TestFailure("no") }
            open.stream.reset(code: ResetCode.cancelled.rawValue)
            _ = try await open.last()
            let attach = try await client.open(.attach(fed.id) { $0.input = true }, end: false)
            _ = try await attach.next()
            try await attach.send([2, 0x7a, 0])
            guard case .error(let error) = try await attach.last() else {
                throw TestFailure("taken")
            }
            #expect(error.code == .unimplemented)
            #expect(error.field == "15")
            // stdin is free again.
            let next = try await client.open(.attach(fed.id) { $0.input = true }, end: false)
            guard case .following = try await next.step() else { throw TestFailure("held") }
        }
    }

    @Test(
        "Random bytes on many streams, cancelled at random, leave nothing under way",
        arguments: 1...4)
    func garbage(seed: UInt64) async throws {
        try await withServer(host: host()) { fixture in
            var random = SeededRandom(seed: seed)
            let client = try await fixture.connect()
            for _ in 0..<300 {
                let call = try await client.open(
                    raw: random.bytes(Int.random(in: 0...3_000, using: &random)),
                    end: random.happens(perMille: 500))
                if random.happens(perMille: 500) {
                    call.cancel()
                } else {
                    call.stream.finish()
                    _ = try? await call.last()
                }
            }
            guard case .info = try await client.result(.whoAmI) else { throw TestFailure("no") }
            await eventually { fixture.server.requestsInFlight == 0 }
        }
    }
}
