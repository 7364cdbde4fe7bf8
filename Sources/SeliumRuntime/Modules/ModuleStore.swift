import Glibc
import Logging
import SeliumHosting
import SeliumKernel
import SeliumTLSCore
import SeliumWasm

/// The modules of a runtime: stored once by content, owned per namespace, compiled once, cached.
final class ModuleStore: Sendable {
    let table: Monitor<ModuleTable, ModuleTable.Key>
    let directory: WorkDirectory
    let state: StateStore
    let logger: Logger
    /// For fsync and hashing.
    let files = FileWork("selium-files")
    let cache: CompileCache
    private let linker: Linker
    private let compiler: any ModuleCompiling
    let uploadPatience: UInt64

    init(
        directory: WorkDirectory, state: StateStore, engine: Engine, compiler: any ModuleCompiling,
        compilers: Int?, uploadPatience: UInt64, logger: Logger, now: UInt64
    ) throws(RuntimeError) {
        self.directory = directory
        self.state = state
        self.logger = logger
        self.compiler = compiler
        self.uploadPatience = uploadPatience
        cache = CompileCache(directory.compiled, engine: engine, logger: logger)
        do throws(WasmError) {
            linker = try HostFunctions.makeLinker(engine)
        } catch {
            throw RuntimeError("the engine cannot be used: \(error)")
        }
        var table = ModuleTable(compilers: compilers ?? processorCount() / 2)
        for row in try state.atOpen({ try $0.moduleRows() }) {
            table.own(row.digest, size: row.size, by: row.namespace, at: row.addedAt)
        }
        for row in try state.atOpen({ try $0.moduleNameRows() })
        // A name of what is not there would hide a file.
        where table.owners[row.namespace]?[row.digest] != nil {
            table.setName(row.name.text, in: row.namespace, to: row.digest)
        }
        try Self.restoreUploads(&table, directory, state, now: now)
        self.table = Monitor(table)
    }

    /// Goes on with the uploads an earlier runtime left, and removes what belongs to none.
    private static func restoreUploads(
        _ table: inout ModuleTable, _ directory: WorkDirectory, _ state: StateStore, now: UInt64
    ) throws(RuntimeError) {
        var known: Set<String> = []
        for row in try state.atOpen({ try $0.uploadRows() }) {
            guard
                let file = try? File.open(
                    name(row.key), in: directory.uploads, O_RDWR | O_NOFOLLOW),
                let status = try? file.status(), (try? file.synchronize()) != nil
            else {
                state.write { try $0.deleteUpload(row.key) }
                continue
            }
            known.insert(name(row.key))
            table.uploads.restore(
                row.key, size: row.size, received: min(row.size, status.size), now: now)
        }
        for name in (try? directory.uploads.names()) ?? [] where !known.contains(name) {
            try? directory.uploads.unlink(name)
        }
        for name in (try? directory.store.names()) ?? [] where name.hasSuffix(".tmp") {
            try? directory.store.unlink(name)
        }
    }

    /// An upload's file: both names hold nothing but letters, digits and `._-`.
    static func name(_ key: UploadTable.Key) -> String { "\(key.digest.hex).\(key.namespace)" }

    // MARK: Finding

    /// The module behind a reference, or nil when this namespace has none.
    func find(_ reference: ModuleReference, in namespace: Namespace) async throws(HostError)
        -> ModuleInfo?
    {
        let digest: ModuleDigest
        switch reference {
        case .digest(let given): digest = given
        case .name(let name):
            // A name of the namespace's own hides a file.
            let own = ModuleName(name).flatMap { own in
                table.withLock { $0.names[namespace]?[own.text] }
            }
            if let own {
                digest = own
            } else {
                guard let found = try await named(name) else { return nil }
                digest = found
            }
        }
        return table.withLock { table in
            table.size(digest, for: namespace).map { ModuleInfo(digest: digest, size: $0) }
        }
    }

    /// A file of `modules/`, with or without `.wasm`, hashed now unless it is the one of last time.
    private func named(_ name: String) async throws(HostError) -> ModuleDigest? {
        guard ModuleSpec.isFileName(name) else { return nil }
        let opened = try reading { () throws(SystemError) in try directory.openModules() }
        guard let folder = opened else { return nil }
        for candidate in [name, name + ".wasm"] {
            // Without waiting, should it be a FIFO.
            let found = try reading { () throws(SystemError) in
                try File.openIfAny(candidate, in: folder, O_RDONLY | O_NONBLOCK)
            }
            guard let file = found, let status = try? file.status(), status.isRegular else {
                continue
            }
            let known = table.withLock { $0.named[candidate] }
            if let known, known.status == status { return known.digest }
            guard status.size <= Limits.moduleBytes else {
                throw HostError(
                    .invalidArgument,
                    "module '\(candidate)' is larger than \(Limits.moduleBytes >> 20) MiB")
            }
            let digest = try await adopt(file, status)
            table.withLock { table in
                if table.named.count >= Limits.moduleFiles { table.named = [:] }
                table.named[candidate] = (status, digest)
            }
            return digest
        }
        return nil
    }

    /// Copies a file of `modules/` into the store: what was hashed is what will be compiled.
    private func adopt(_ file: File, _ status: File.Status) async throws(HostError) -> ModuleDigest
    {
        let (store, table) = (directory.store, table)
        let copied: Result<(ModuleDigest, UInt64), HostError> = await files.run {
            do {
                guard let bytes = try file.readAll(atMost: Int(Limits.moduleBytes)),
                    let digest = ModuleDigest(bytes: SHA256.hash(bytes))
                else {
                    return .failure(
                        HostError(.invalidArgument, "the module grew while it was read"))
                }
                // Its bytes must not be taken away before it is owned.
                table.withLock { $0.adopted[digest, default: 0] += 1 }
                var isCopied = false
                defer { if !isCopied { table.withLock { $0.release(digest) } } }
                if (try? File.open(digest.hex, in: store, O_RDONLY | O_NOFOLLOW)) == nil {
                    try? store.unlink(digest.hex + ".tmp")
                    let copy = try File.open(
                        digest.hex + ".tmp", in: store, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
                    try copy.write(bytes)
                    try copy.setMode(0o400)
                    try copy.synchronize()
                    try store.rename(digest.hex + ".tmp", to: digest.hex)
                }
                isCopied = true
                return .success((digest, UInt64(bytes.count)))
            } catch {
                return .failure(self.failure(error, "a module cannot be stored"))
            }
        }
        let (digest, size) = try copied.get()
        defer { table.withLock { $0.release(digest) } }
        try await own(digest, size: size, by: .system)
        return digest
    }

    /// Makes `namespace` an owner, durably.
    func own(_ digest: ModuleDigest, size: UInt64, by namespace: Namespace) async throws(HostError)
    {
        let time = SystemClock().realtime()
        guard
            await state.commit({ try $0.addModule(digest, size: size, to: namespace, at: time) })
        else {
            throw HostError(.unavailable, "the server's state cannot be written", isRetryable: true)
        }
        table.withLock { $0.own(digest, size: size, by: namespace, at: time) }
    }

    /// What is read of `modules/`: a shortage is not taken for a file that is not there.
    private func reading<R>(_ body: () throws(SystemError) -> R) throws(HostError) -> R {
        do throws(SystemError) {
            return try body()
        } catch {
            throw failure(error, "the folder of modules cannot be read")
        }
    }

    /// A host's error for what happened to a file; the log has the details.
    func failure(_ error: any Error, _ what: String) -> HostError {
        logger.error("\(what)", metadata: ["error": "\(error)"])
        if let system = error as? SystemError, system.isNoSpace {
            return HostError(.resourceExhausted, "the server's disk is full", isRetryable: true)
        }
        if let system = error as? SystemError, system.isShortage {
            return HostError(.unavailable, "\(what) now: \(system)", isRetryable: true)
        }
        return HostError(.internal, what)
    }

    // MARK: Loading

    /// The module ready to run; compiled now if nobody has before. Fails with `notFound`,
    /// `invalidArgument` (no module, or too costly to compile), `resourceExhausted`. `observer`
    /// hears whether a compile is waited for, one that somebody else began included.
    func load(
        _ reference: ModuleReference, in namespace: Namespace, role: Role,
        _ observer: StartObserver? = nil
    ) async throws(HostError) -> LoadedModule {
        guard let info = try await find(reference, in: namespace) else {
            throw Self.notFound(reference)
        }
        let digest = info.digest
        let lookup = try await table.wait(for: .module(digest)) {
            (table, wakes) throws(HostError) in
            let lookup = try table.begin(digest)
            if lookup == nil,
                table.isCompiled(digest, alsoFor: namespace, role: role, &wakes)
            {
                observer?(.compiling)
            }
            return lookup
        }
        defer { observer?(.starting) }
        if case .ready(let module) = lookup { return module }
        do throws(HostError) {
            let module = try await prepare(digest, in: namespace, role, observer)
            table.update { table, wakes in
                table.finish(digest, module)
                wakes.wake(.module(digest))
            }
            return module
        } catch {
            let permanent = error.code == .invalidArgument ? error : nil
            table.update { table, wakes in
                table.abandon(digest, permanent: permanent)
                wakes.wake(.module(digest))
            }
            throw error
        }
    }

    private static func notFound(_ reference: ModuleReference) -> HostError {
        switch reference {
        case .digest(let digest): HostError(.notFound, "no module \(digest)")
        case .name(let name):
            HostError(.notFound, "no module named '\(cleanedText(name, limit: 64))'")
        }
    }

    private func prepare(
        _ digest: ModuleDigest, in namespace: Namespace, _ role: Role,
        _ observer: StartObserver?
    ) async throws(HostError) -> LoadedModule {
        let cache = self.cache
        let cached: Result<Module?, SystemError> = await files.run {
            Result { () throws(SystemError) in try cache.load(digest) }
        }
        var module: Module?
        switch cached {
        case .success(let found): module = found
        case .failure(let error): throw failure(error, "a compiled module cannot be loaded")
        }
        if module == nil {
            module = try await compile(digest, in: namespace, role, observer)
        }
        guard let module else {
            // The engine's reason is in the log. The usual one is that the machine has no memory.
            throw HostError(
                .unavailable, "the compiled module cannot be loaded now", isRetryable: true)
        }
        let outline = try await outline(of: digest)
        do throws(WasmError) {
            return LoadedModule(digest, try linker.prepare(module), outline)
        } catch {
            throw HostError(.invalidArgument, error.message)
        }
    }

    /// A module's outline, which is within our limits: here once more, since its native code may have
    /// been made by a server that had others. An empty one when it cannot be read now: it was judged
    /// when it was compiled, and the engine has the same limits.
    private func outline(
        of digest: ModuleDigest
    ) async throws(HostError) -> ModuleScanner.Outline {
        let store = directory.store
        let scanned: Result<ModuleScanner.Outline, ModuleScanner.Refusal> = await files.run {
            guard let file = try? File.open(digest.hex, in: store, O_RDONLY | O_NOFOLLOW) else {
                return .success(ModuleScanner.Outline())
            }
            defer { withExtendedLifetime(file) {} }
            do throws(ModuleScanner.Refusal) {
                return .success(try ModuleScanner().scan(descriptor: file.descriptor))
            } catch {
                return error.isUnread ? .success(ModuleScanner.Outline()) : .failure(error)
            }
        }
        switch scanned {
        case .success(let outline): return outline
        case .failure(let refusal): throw Self.failure(.invalid(refusal.description))
        }
    }

    private func compile(
        _ digest: ModuleDigest, in namespace: Namespace, _ role: Role,
        _ observer: StartObserver?
    ) async throws(HostError) -> Module? {
        try table.update { (table, wakes) throws(HostError) in
            try table.willCompile(digest, in: namespace, role: role, &wakes)
        }
        observer?(.compiling)
        defer { table.update { table, wakes in table.leaveQueue(digest, &wakes) } }
        _ = try await table.wait(for: .turn(digest)) { table, _ in
            table.hasTurn(digest) ? true : nil
        }
        let wasm = try await source(digest)
        let cache = self.cache
        let output: (file: File, name: String)
        do throws(SystemError) {
            output = try cache.makeOutput(digest)
        } catch {
            throw failure(error, "a module cannot be compiled")
        }
        do throws(CompileFailure) {
            try await compiler.compile(wasm: wasm.descriptor, to: output.file.descriptor)
        } catch {
            cache.discard(output)
            throw Self.failure(error)
        }
        let loaded: Result<Module?, SystemError> = await files.run {
            do throws(SystemError) {
                return .success(try cache.adopt(output, for: digest))
            } catch {
                return .failure(error)
            }
        }
        switch loaded {
        case .success(let module): return module
        case .failure(let error): throw failure(error, "a compiled module cannot be stored")
        }
    }

    /// The module's bytes as they were hashed when they came.
    private func source(_ digest: ModuleDigest) async throws(HostError) -> File {
        let store = directory.store
        let opened: Result<File, HostError> = await files.run {
            do {
                let file = try File.open(digest.hex, in: store, O_RDONLY | O_NOFOLLOW)
                guard try file.sha256() == digest.bytes else {
                    return .failure(HostError(.internal, "a stored module is damaged"))
                }
                return .success(file)
            } catch {
                return .failure(self.failure(error, "a stored module cannot be read"))
            }
        }
        return try opened.get()
    }

    private static func failure(_ failure: CompileFailure) -> HostError {
        switch failure {
        case .invalid(let why): HostError(.invalidArgument, "invalid module: \(why)")
        case .tooCostly(let what):
            HostError(.invalidArgument, "module too costly to compile (\(what))")
        case .unavailable(let why):
            HostError(.unavailable, "the module cannot be compiled now: \(why)", isRetryable: true)
        }
    }
}
