import Glibc
import Logging
import SeliumKernel
import SeliumTLSCore
import SeliumWasm
import Synchronization

/// Compiled modules on disk.
///
/// A file is native code: it is made here alone, named by what it depends on (the module's bytes,
/// the engine, its settings, the processor), never rewritten, and its checksum is verified on the
/// very descriptor that is mapped. The 0700 directory is the protection; the checksum finds rot.
final class CompileCache: Sendable {
    private let directory: File
    private let engine: Engine
    private let logger: Logger
    private let serial = Atomic<UInt64>(0)

    init(_ directory: File, engine: Engine, logger: Logger) {
        self.directory = directory
        self.engine = engine
        self.logger = logger
        // What a crash left half done.
        for name in (try? directory.names()) ?? [] where name.hasSuffix(".tmp") {
            try? directory.unlink(name)
        }
    }

    private func key(_ digest: ModuleDigest) -> String {
        let text = digest.bytes + Array(engine.cacheKey.utf8)
        return ModuleDigest(bytes: SHA256.hash(text))?.hex ?? digest.hex
    }

    /// The compiled module, when there is a good one. A damaged one is removed; one that cannot be read
    /// for want of descriptors or memory is not damaged: that is thrown.
    func load(_ digest: ModuleDigest) throws(SystemError) -> Module? {
        let key = key(digest)
        let opened = try File.openIfAny(key + ".cwasm", in: directory, O_RDONLY | O_NOFOLLOW)
        guard let file = opened else { return nil }
        do {
            let status = try file.status()
            guard status.isRegular, status.owner == effectiveUser() else {
                throw SystemError("owner", EPERM)
            }
            let sum = try File.open(key + ".sum", in: directory, O_RDONLY | O_NOFOLLOW)
            guard try sum.readAll(atMost: 32) == file.sha256() else {
                throw SystemError("checksum", EBADMSG)
            }
            return try Module.load(descriptor: file.descriptor, engine: engine)
        } catch {
            if let system = error as? SystemError, system.isShortage { throw system }
            logger.warning(
                "a compiled module is damaged and will be compiled again",
                metadata: ["module": "\(digest)", "error": "\(error)"])
            remove(digest)
            return nil
        }
    }

    /// A new file for a compiler to write into, and its name.
    func makeOutput(_ digest: ModuleDigest) throws(SystemError) -> (file: File, name: String) {
        let number = serial.add(1, ordering: .relaxed).newValue
        let name = "\(key(digest)).\(number).tmp"
        return (try File.open(name, in: directory, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW), name)
    }

    /// Takes what a compiler wrote and loads it from the same descriptor; nil when it does not load.
    /// Leaves nothing behind when it fails.
    func adopt(_ output: (file: File, name: String), for digest: ModuleDigest) throws(SystemError)
        -> Module?
    {
        do throws(SystemError) {
            try store(output, key(digest))
        } catch {
            discard(output)
            throw error
        }
        do throws(WasmError) {
            return try Module.load(descriptor: output.file.descriptor, engine: engine)
        } catch {
            logger.error(
                "a module that was just compiled does not load", metadata: ["error": "\(error)"])
            remove(digest)
            return nil
        }
    }

    private func store(
        _ output: (file: File, name: String), _ key: String
    ) throws(SystemError) {
        try output.file.setMode(0o400)
        let sum = try output.file.sha256()
        try output.file.synchronize()
        let sumName = Self.sumName(output.name)
        let sumFile = try File.open(
            sumName, in: directory, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o400)
        try sumFile.write(sum)
        try sumFile.synchronize()
        // The sum first: without its module, or with an older one, it makes nothing run. A rename
        // replaces the name only: who has an old one mapped keeps its inode.
        try directory.rename(sumName, to: key + ".sum")
        try directory.rename(output.name, to: key + ".cwasm")
    }

    /// The name of a checksum before it is whole.
    private static func sumName(_ name: String) -> String { name + ".sum.tmp" }

    /// Throws an output away.
    func discard(_ output: (file: File, name: String)) {
        try? directory.unlink(output.name)
        try? directory.unlink(Self.sumName(output.name))
    }

    /// Throws away what was compiled. Who has it mapped keeps it.
    func remove(_ digest: ModuleDigest) {
        let key = key(digest)
        try? directory.unlink(key + ".cwasm")
        try? directory.unlink(key + ".sum")
    }
}
