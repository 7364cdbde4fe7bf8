import SeliumHosting
import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.serialized, .inTurn(minutes: 2)) struct UploadTests {
    private static let module = Script.module(
        "print " + String(repeating: "x", count: 100_000), "exit 0")

    /// Reads signs of life until one says that so many bytes came.
    private func progress(of call: TestCall, until done: UInt64) async throws {
        while true {
            let answer = try await call.next()
            guard case .frame(.progress(let progress))? = answer else {
                throw TestFailure("no progress: \(String(describing: answer))")
            }
            #expect(progress.phase == .uploading)
            if progress.done == done { return }
        }
    }

    @Test("An upload that stands still ends in 30 s, one that goes on does not; its bytes stay")
    func standsStill() async throws {
        let clock = TestMoments()
        var configuration = ControlFixture.configuration
        configuration.monotonicTime = { clock.now }
        try await withServer(configuration) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start(upload: Self.module), end: false)
            guard case .upload = try await call.step() else { throw TestFailure("no upload") }
            // A minute and a half, with a chunk after every 28 or 29 s.
            for part in 1...3 {
                clock.advance(by: .seconds(28))
                // The clock has looked, and found that this is soon enough.
                try await progress(of: call, until: UInt64(part - 1) * 20_000)
                let chunk = Self.module[(part - 1) * 20_000..<part * 20_000]
                try await call.send(FrameEncoder.upload(Array(chunk)))
                await eventually { fixture.host.uploadedBytes == part * 20_000 }
                // What waits for bytes again has taken these; a tick later that is known.
                clock.advance(by: .seconds(1))
                try await progress(of: call, until: UInt64(part) * 20_000)
            }
            clock.advance(by: .seconds(31))
            guard case .error(let error) = try await call.last() else { throw TestFailure("no") }
            #expect(error.code == .deadlineExceeded)
            #expect(error.message == "no byte of the module came for 30 s")
            #expect(error.retryable)
            await eventually { fixture.server.requestsInFlight == 0 }
            #expect(fixture.host.uploadedBytes == 60_000)
            let again = try await client.open(.start(upload: Self.module), end: false)
            guard case .upload(let rest) = try await again.step() else {
                throw TestFailure("no upload")
            }
            #expect(rest.offset == 60_000)
            try await again.send(FrameEncoder.upload(Array(Self.module[60_000...])), end: true)
            guard case .result(.started) = try await again.last() else { throw TestFailure("no") }
        }
    }

    @Test("An upload of which nothing ever comes ends as well")
    func nothingComes() async throws {
        var configuration = ControlFixture.configuration
        configuration.uploadStall = .milliseconds(50)
        try await withServer(configuration) { fixture in
            let client = try await fixture.connect()
            let call = try await client.open(.start(upload: Self.module), end: false)
            guard case .error(let error) = try await call.last() else { throw TestFailure("no") }
            #expect(error.code == .deadlineExceeded)
            await eventually { fixture.server.requestsInFlight == 0 }
            guard case .info = try await client.result(.whoAmI) else { throw TestFailure("no") }
        }
    }

    @Test("What a start will be refused for is said before a byte of its module is wanted")
    func judgedFirst() async throws {
        let host = InMemoryProcessHost()
        host.addModule("waits", Script.module("wait"))
        try await withServer(host: host) { fixture in
            let client = try await fixture.connect(as: "alice")
            var used = WireRequest.start("waits") { $0.name = "web" }
            guard case .started = try await client.result(used) else { throw TestFailure("no") }
            /// The first frame of a start that has a module to send.
            func refusal(_ change: (inout WireRequest) -> Void) async throws -> ErrorCode {
                var request = WireRequest.start(upload: Self.module)
                change(&request)
                let call = try await client.open(request, end: false)
                guard case .error(let error) = try await call.step() else {
                    throw TestFailure("its bytes are wanted")
                }
                return ErrorCode(error.code)
            }
            #expect(try await refusal { $0.start.name = "web" } == .alreadyExists)
            #expect(try await refusal { $0.start.limits.memory = 0 } == .invalidArgument)
            #expect(try await refusal { $0.start.limits.memory = 1 << 40 } == .invalidArgument)
            #expect(try await refusal { $0.start.moduleSize = 1 << 31 } == .invalidArgument)
            #expect(try await refusal { $0.namespace = "bob" } == .permissionDenied)
            let grant = WireGrant.with { $0.capability = "NetTcpConnect" }
            #expect(try await refusal { $0.start.grants = [grant] } == .permissionDenied)
            let key = used.idempotencyKeyBytes
            #expect(try await refusal { $0.idempotencyKeyBytes = key } == .aborted)
            for _ in 1..<Limits.userProcesses { _ = try await client.start("waits") }
            #expect(try await refusal { _ in } == .resourceExhausted)
            #expect(fixture.host.uploadedBytes == 0)
            // A repeat has its place already.
            used.requestIDBytes = [1]
            guard case .started = try await client.result(used) else { throw TestFailure("no") }
            #expect(try await client.processes().count == Limits.userProcesses)
        }
    }
}
