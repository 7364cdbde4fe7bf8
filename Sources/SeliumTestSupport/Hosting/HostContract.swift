package import SeliumHosting
internal import SeliumKernel
internal import SeliumTLSCore

/// What every `ProcessHost` must do, as checks that run over any of them.
///
///     @Test("the host keeps the contract", arguments: HostContract.checks)
///     func contract(check: HostContract.Check) async throws { try await check.run(over: fixture()) }
package enum HostContract {
    /// How a module behaves; each host has its own bytes for it.
    package enum Behaviour: Sendable, Hashable {
        /// Writes `line 1` … `line N` to stdout and exits with the code.
        case lines(Int, exit: UInt32)
        /// Writes `out\n` to stdout, then `err\n` to stderr, then `rest` without newline to stdout,
        /// then returns.
        case bothStreams
        /// Copies stdin to stdout until stdin ends, then exits with 0.
        case echo
        /// Goes on for ever, reads nothing.
        case endless
        /// Says that it is ready, and runs until it is stopped.
        case ready
        /// Traps at once (unreachable).
        case trap
        /// Imports something that needs TimeRead, and returns.
        case readsClock
        /// Bytes that are no module.
        case garbage
    }

    /// A host of one test, and its modules.
    package struct Fixture: Sendable {
        package var host: any ProcessHost
        package var module: @Sendable (Behaviour) -> [UInt8]
        /// Lets every back-off be over, where the host's clock is not the world's.
        package var passTime: @Sendable () -> Void

        package init(
            host: any ProcessHost, passTime: @escaping @Sendable () -> Void = {},
            module: @escaping @Sendable (Behaviour) -> [UInt8]
        ) {
            self.host = host
            self.passTime = passTime
            self.module = module
        }
    }

    /// One promise.
    package struct Check: Sendable, CustomStringConvertible {
        /// A sentence.
        package let description: String
        let body: @Sendable (Fixture) async throws -> Void

        /// Throws `Violation` when the host breaks it.
        package func run(over fixture: Fixture) async throws { try await body(fixture) }
    }

    /// What a host did instead.
    package struct Violation: Error, CustomStringConvertible {
        package var description: String
    }

    /// All of them. Each wants a host of its own.
    package static var checks: [Check] {
        [
            processChecks, admissionChecks, logChecks, nameChecks, idempotencyChecks, inputChecks,
            uploadChecks, supervisionChecks, forgettingChecks, inspectionChecks, moduleChecks,
            eventChecks,
        ].flatMap { $0 }
    }

    // MARK: Tools

    static func expect(
        _ condition: Bool, _ message: @autoclosure () -> String, line: UInt = #line,
        file: String = #fileID
    ) throws {
        if !condition { throw Violation(description: "\(file):\(line): \(message())") }
    }

    static func equal<T: Equatable>(
        _ found: T, _ expected: T, _ what: String = "value", line: UInt = #line,
        file: String = #fileID
    ) throws {
        try expect(
            found == expected, "\(what) is \(found), not \(expected)", line: line, file: file)
    }

    static func unwrap<T>(
        _ value: T?, _ what: String, line: UInt = #line, file: String = #fileID
    ) throws -> T {
        guard let value else { throw Violation(description: "\(file):\(line): no \(what)") }
        return value
    }

    /// Runs `body`, which has to fail with this code.
    @discardableResult
    static func fails<R>(
        _ code: HostError.Code, line: UInt = #line, file: String = #fileID,
        _ body: () async throws(HostError) -> R
    ) async throws -> HostError {
        let result: R
        do throws(HostError) {
            result = try await body()
        } catch {
            try equal(error.code, code, "the code of '\(error)'", line: line, file: file)
            return error
        }
        throw Violation(description: "\(file):\(line): \(result) instead of \(code)")
    }

    static let alice = Identity("alice") ?? .anonymous
    static let bob = Identity("bob") ?? .anonymous
}

extension HostContract.Fixture {
    /// The digest of a behaviour's module, uploaded for the namespace when it is not there.
    func digest(_ behaviour: HostContract.Behaviour, for identity: Identity) async throws
        -> ModuleDigest
    {
        let bytes = module(behaviour)
        let digest = try HostContract.unwrap(
            ModuleDigest(bytes: SHA256.hash(bytes)), "digest of 32 bytes")
        let namespace = Namespace(of: identity)
        if try await host.module(.digest(digest), in: namespace) != nil { return digest }
        let upload = try await host.beginUpload(
            digest, size: UInt64(bytes.count), namespace: namespace, role: .builtIn(for: identity))
        try await host.append(Array(bytes[Int(upload.offset)...]), to: upload)
        _ = try await host.commit(upload)
        return digest
    }

    /// A start of a behaviour.
    func spec(
        _ behaviour: HostContract.Behaviour, by identity: Identity = HostContract.alice,
        name: String? = nil,
        input: Bool = false
    ) async throws -> StartSpec {
        let digest = try await digest(behaviour, for: identity)
        return StartSpec(
            namespace: Namespace(of: identity), creator: identity, role: .builtIn(for: identity),
            module: .digest(digest), moduleName: "check.wasm",
            name: name.flatMap { ProcessName($0) },
            takesInput: input)
    }

    /// Starts a behaviour.
    func start(
        _ behaviour: HostContract.Behaviour, by identity: Identity = HostContract.alice,
        name: String? = nil,
        input: Bool = false
    ) async throws -> ProcessID {
        let spec = try await spec(behaviour, by: identity, name: name, input: input)
        let report = try await host.start(spec, idempotency: nil)
        return try HostContract.unwrap(report.id, "id of a started process")
    }

    /// Reads a log to its end, checking that positions go on without a hole.
    func wholeLog(_ id: ProcessID, atMost: Int = 1_000) async throws -> [LogChunk] {
        var position: UInt64 = 1
        var chunks: [LogChunk] = []
        while true {
            let batch = try await host.readLog(id, from: position, atMost: atMost)
            for item in batch.items {
                guard case .chunk(let chunk) = item else {
                    throw HostContract.Violation(
                        description: "a gap where nothing was dropped: \(item)")
                }
                try HostContract.equal(chunk.first, position, "first sequence of a chunk")
                position = chunk.last + 1
                chunks.append(chunk)
            }
            try HostContract.equal(batch.next, position, "next position")
            if batch.isEnd { return chunks }
        }
    }
}

extension [LogChunk] {
    /// The text of one stream.
    func text(_ stream: LogStream) -> String {
        String(
            decoding: flatMap { chunk -> [UInt8] in
                guard case .text(stream, let bytes) = chunk.content else { return [] }
                return bytes
            }, as: UTF8.self)
    }
}
