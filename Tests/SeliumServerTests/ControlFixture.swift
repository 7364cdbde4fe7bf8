import Logging
import SeliumHosting
import SeliumKernel
import SeliumNetCore
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTLSCore
import SeliumTestSupport
import SwiftProtobuf
import Testing

/// A control server over the in-memory host, on loopback.
struct ControlFixture: Sendable {
    let host: InMemoryProcessHost
    let server: ControlServer
    let address: SeliumNetCore.SocketAddress
    let certificates: LiveCertificates

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Limits as published, looked at often enough for a test.
    static var configuration: ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.tickInterval = .milliseconds(5)
        return configuration
    }

    func connect(
        as identity: String = "operator", transport: QUICConfiguration = .client
    ) async throws -> TestClient {
        try await connect(certificates.clientContext(identity: identity), transport: transport)
    }

    func connect(
        _ tls: TLSContext, transport: QUICConfiguration = .client
    ) async throws -> TestClient {
        TestClient(
            connection: try await QUICConnection.connect(
                to: address, serverName: "127.0.0.1", tls: tls, authority: .unrestricted,
                configuration: transport, logger: Self.quiet))
    }
}

extension ControlFixture {
    /// How the server refuses a connection: its code and reason. The refusal may come while the
    /// client still connects, or when it believes to be connected.
    func refusal(_ tls: TLSContext) async throws -> (code: UInt64, reason: String) {
        do {
            let end = await (try connect(tls)).connection.ended()
            guard case .closedByPeer(let code, isTransport: false, let reason) = end else {
                throw TestFailure("\(end)")
            }
            return (code, reason)
        } catch let error as QUICError {
            guard let code = error.peerCode, !error.isTransportCode else { throw error }
            return (code, error.message)
        }
    }
}

/// Runs `body` beside a server, and stops that afterwards.
func withServer<Result: Sendable>(
    _ configuration: ServerConfiguration = ControlFixture.configuration,
    host: InMemoryProcessHost = InMemoryProcessHost(), clientRoots: [UInt8]? = nil,
    logger: Logger = ControlFixture.quiet,
    _ body: @Sendable @escaping (ControlFixture) async throws -> Result
) async throws -> Result {
    let certificates = try LiveCertificates()
    let roots =
        configuration.callers == .certificates ? clientRoots ?? certificates.trustRoots : nil
    let listener = try await ControlServer.listen(
        on: [SocketAddress(parsing: "127.0.0.1:0")], identity: certificates.serverIdentity(),
        clientRoots: roots, configuration: configuration, authority: .unrestricted,
        logger: ControlFixture.quiet)
    let server = ControlServer(
        host: host, configuration: configuration, logger: logger)
    let fixture = ControlFixture(
        host: host, server: server, address: listener.localAddresses[0], certificates: certificates)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            await server.run(listener)
            return nil
        }
        group.addTask { try await body(fixture) }
        defer { group.cancelAll() }
        while let one = try await group.next() { if let one { return one } }
        throw TestFailure("no result")
    }
}

/// Waits for what another task brings about; the test's own time limit is the only deadline.
func eventually(_ condition: () -> Bool) async {
    // Not a yield: that would take the CPU from those who are waited for.
    while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A client written on the transport alone.
struct TestClient: Sendable {
    let connection: QUICConnection

    func open(_ request: WireRequest, end: Bool = true) async throws -> TestCall {
        try await open(raw: FrameEncoder.encode(request), end: end)
    }

    func open(raw bytes: [UInt8], end: Bool = true) async throws -> TestCall {
        let stream = try await connection.openStream()
        try await stream.write(bytes)
        if end { stream.finish() }
        return TestCall(stream)
    }

    /// The last frame.
    func ask(_ request: WireRequest) async throws -> LastFrame {
        try await open(request).last()
    }

    func result(_ request: WireRequest) async throws -> WireResult.OneOf_Result {
        switch try await ask(request) {
        case .result(let result): return result
        case .error(let error): throw TestFailure("\(error)")
        }
    }

    func error(_ request: WireRequest) async throws -> WireError {
        switch try await ask(request) {
        case .result(let result): throw TestFailure("a result: \(result)")
        case .error(let error): return error
        }
    }

    func processes(all: Bool = true) async throws -> [WireProcessInfo] {
        let call = try await open(.list(all: all))
        var rows: [WireProcessInfo] = []
        while let answer = try await call.next() {
            switch answer {
            case .frame(.processes(let part)): rows += part.processes
            case .frame(.result(let result)): return rows + result.processes.processes
            case .frame(.error(let error)): throw TestFailure("\(error)")
            default: throw TestFailure("not a row")
            }
        }
        throw TestFailure("no end")
    }

    /// Starts a module by name; its id.
    func start(
        _ module: String, _ change: (inout WireStart) -> Void = { _ in }
    ) async throws -> UInt64 {
        guard case .started(let started) = try await result(.start(module, change)) else {
            throw TestFailure("not started")
        }
        return started.id
    }
}

enum LastFrame: Sendable {
    case result(WireResult.OneOf_Result)
    case error(WireError)
}

/// One request under way.
final class TestCall: @unchecked Sendable {
    let stream: QUICStream
    private var decoder = FrameDecoder.answers(.standard)
    private var chunk: [UInt8] = []
    private var offset = 0

    init(_ stream: QUICStream) { self.stream = stream }

    /// The next frame; nil at the end of the stream.
    func next() async throws -> Answer? {
        while true {
            if let frame = try decoder.next(chunk, at: &offset) {
                return try AnswerDecoder().answer(frame)
            }
            guard let more = try await stream.read(atMost: 64 << 10) else { return nil }
            chunk = more
            offset = 0
        }
    }

    /// The next frame that is not `progress`.
    func step() async throws -> WireServerFrame.OneOf_Frame {
        while let answer = try await next() {
            switch answer {
            case .frame(.progress): continue
            case .frame(let frame): return frame
            case .log: throw TestFailure("log")
            case .unknown: throw TestFailure("unknown frame")
            }
        }
        throw TestFailure("the stream ended")
    }

    func last() async throws -> LastFrame { try await collect().last }

    /// Everything up to the last frame, which FIN must follow.
    func collect() async throws -> (entries: [LogEntry], gaps: [WireGap], last: LastFrame) {
        var entries: [LogEntry] = []
        var gaps: [WireGap] = []
        while let answer = try await next() {
            switch answer {
            case .log(let content):
                var decoder = LogEntryDecoder(content)
                while let entry = try decoder.next() { entries.append(entry) }
            case .frame(.gap(let gap)): gaps.append(gap)
            case .frame(.result(let result)):
                guard try await next() == nil, let content = result.result else {
                    throw TestFailure("more after the result")
                }
                return (entries, gaps, .result(content))
            case .frame(.error(let error)):
                guard try await next() == nil else { throw TestFailure("more after the error") }
                return (entries, gaps, .error(error))
            case .frame, .unknown: continue
            }
        }
        throw TestFailure("the stream ended without a last frame")
    }

    func send(_ frame: [UInt8], end: Bool = false) async throws {
        try await stream.write(frame)
        if end { stream.finish() }
    }

    func cancel() {
        stream.reset(code: ResetCode.cancelled.rawValue)
        stream.stopSending(code: ResetCode.cancelled.rawValue)
    }
}

extension [LogEntry] {
    /// What the program wrote on one stream.
    func text(_ stream: SeliumKernel.LogStream = .stdout) -> String {
        String(
            decoding: filter { $0.stream == stream.rawValue }.flatMap(\.bytes), as: UTF8.self)
    }
}

extension WireRequest {
    /// A key that no other request of the process has.
    static func key() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    static func start(_ module: String, _ change: (inout WireStart) -> Void = { _ in })
        -> WireRequest
    {
        var start = WireStart()
        start.module = WireModuleRef(name: module)
        change(&start)
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.start = start
        return request
    }

    static func start(upload bytes: [UInt8], _ change: (inout WireStart) -> Void = { _ in })
        -> WireRequest
    {
        start("") { start in
            start.module = WireModuleRef(digestBytes: InMemoryProcessHost.digest(of: bytes).bytes)
            start.moduleSize = UInt64(bytes.count)
            change(&start)
        }
    }

    static func stop(_ id: UInt64) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.stop.process.id = id
        return request
    }

    static func kill(_ id: UInt64) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.kill.process.id = id
        return request
    }

    static func restart(_ id: UInt64) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.restart.process.id = id
        return request
    }

    static func remove(_ id: UInt64, force: Bool = false) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.remove.process.id = id
        request.remove.force = force
        return request
    }

    static func inspect(_ id: UInt64) -> WireRequest {
        var request = WireRequest()
        request.inspect.process.id = id
        return request
    }

    static func pushModule(_ bytes: [UInt8], _ name: String) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.pushModule.digestBytes = InMemoryProcessHost.digest(of: bytes).bytes
        request.pushModule.size = UInt64(bytes.count)
        request.pushModule.name = name
        return request
    }

    static var listingModules: WireRequest {
        var request = WireRequest()
        request.listModules = WireListModules()
        return request
    }

    static func inspectModule(_ name: String) -> WireRequest {
        var request = WireRequest()
        request.inspectModule.module = WireModuleRef(name: name)
        return request
    }

    static func removeModule(_ name: String) -> WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.removeModule.module = WireModuleRef(name: name)
        return request
    }

    static var collectingModules: WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.collectModules = WireCollectModules()
        return request
    }

    static func events(from index: UInt64, noWait: Bool = true) -> WireRequest {
        var request = WireRequest()
        request.readEvents.index = index
        request.readEvents.noWait = noWait
        return request
    }

    static var pruning: WireRequest {
        var request = WireRequest()
        request.idempotencyKeyBytes = key()
        request.prune = WirePrune()
        return request
    }

    static func list(all: Bool = false) -> WireRequest {
        var request = WireRequest()
        request.list.includeEnded = all
        return request
    }

    static func attach(_ id: UInt64, _ change: (inout WireAttach) -> Void = { _ in }) -> WireRequest
    {
        var request = WireRequest()
        request.attach.process.id = id
        change(&request.attach)
        return request
    }

    static func wait(_ id: UInt64) -> WireRequest {
        var request = WireRequest()
        request.wait.process.id = id
        return request
    }

    static var whoAmI: WireRequest {
        var request = WireRequest()
        request.info = WireInfo()
        return request
    }

    /// One of every call, about the process with this id.
    static func every(_ id: UInt64) -> [WireRequest] {
        [
            .start("hello"), .stop(id), .list(), .attach(id), .wait(id), .whoAmI, .kill(id),
            .restart(id), .remove(id), .pruning, .inspect(id),
            .pushModule(Script.module("exit 0"), "mine"), .listingModules, .inspectModule("hello"),
            .removeModule("mine"), .collectingModules, .events(from: 1),
        ]
    }
}
