import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTLSCore
import SeliumTestSupport

/// Starting programs in tests.
extension Runtime {
    static let alice = Identity("alice") ?? .anonymous
    static let space = Namespace(of: alice)

    /// Uploads a module for alice.
    func upload(_ bytes: [UInt8]) async throws -> ModuleDigest {
        guard let digest = ModuleDigest(bytes: SHA256.hash(bytes)) else {
            throw HostError(.internal, "digest")
        }
        if try await module(.digest(digest), in: Self.space) != nil { return digest }
        let upload = try await beginUpload(
            digest, size: UInt64(bytes.count), namespace: Self.space, role: .user)
        try await append(Array(bytes.dropFirst(Int(upload.offset))), to: upload)
        return try await commit(upload).digest
    }

    /// A start of a module by alice.
    func spec(_ bytes: [UInt8], name: String? = nil) async throws -> StartSpec {
        StartSpec(
            namespace: Self.space, creator: Self.alice, role: .user,
            module: .digest(try await upload(bytes)),
            moduleName: "app.wasm", name: name.flatMap { ProcessName($0) })
    }

    /// Starts a module; `change` has the last word about the spec.
    func run(_ bytes: [UInt8], _ change: (inout StartSpec) -> Void = { _ in }) async throws
        -> ProcessID
    {
        var spec = try await spec(bytes)
        change(&spec)
        guard let id = try await start(spec, idempotency: nil).id else {
            throw HostError(.internal, "no id")
        }
        return id
    }

    /// Every record of a process that ends.
    func chunks(_ id: ProcessID) async throws -> [LogChunk] {
        try await items(id).compactMap { if case .chunk(let chunk) = $0 { chunk } else { nil } }
    }

    /// Everything a reader from 1 on gets of a process that ends.
    func items(_ id: ProcessID) async throws -> [LogItem] {
        var position: UInt64 = 1
        var items: [LogItem] = []
        while true {
            let batch = try await readLog(id, from: position, atMost: 1 << 20)
            items += batch.items
            position = batch.next
            if batch.isEnd { return items }
        }
    }

    /// What a process that ends wrote to stdout.
    func output(_ id: ProcessID) async throws -> String {
        String(
            decoding: try await chunks(id).flatMap { chunk -> [UInt8] in
                guard case .text(.stdout, let bytes) = chunk.content else { return [] }
                return bytes
            }, as: UTF8.self)
    }

    /// What the runtime said in a process's log, but for begin and end.
    func notes(_ id: ProcessID) async throws -> [SystemRecord] {
        try await chunks(id).compactMap { chunk in
            guard case .system(let record) = chunk.content else { return nil }
            switch record {
            case .began, .ended: return nil
            default: return record
            }
        }
    }
}

/// What a host refused with; nil when it did not.
func refusal<R>(_ body: () async throws -> R) async -> HostError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? HostError
    }
}
