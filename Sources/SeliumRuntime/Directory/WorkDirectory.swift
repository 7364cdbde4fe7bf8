import Glibc

/// The folder a runtime works in: `modules/ certs/ state/`, used by one runtime at a time.
///
/// `state/` holds native code that is mapped and run, so it must be ours alone.
final class WorkDirectory: Sendable {
    /// As it was given.
    let path: String
    let state: File
    /// Uploaded and named modules, by digest.
    let store: File
    /// Unfinished uploads.
    let uploads: File
    /// Compiled modules.
    let compiled: File
    /// Logs, a folder for each process.
    let logs: File
    private let root: File
    private let lock: File

    /// Where the database is.
    var database: String { "\(path)/state/state.sqlite" }

    /// Opens a work directory and makes what is missing.
    ///
    /// - Parameter isDefault: nobody named it. Then it is used only when it looks like one, or is
    ///   empty, so that a runtime started in the wrong place leaves no traces there.
    init(_ path: String, isDefault: Bool) throws(RuntimeError) {
        self.path = path
        do throws(SystemError) {
            root = try File.open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            throw RuntimeError("cannot open the work directory \(path): \(error)")
        }
        if isDefault { try Self.checkDefault(root, path) }
        do throws(SystemError) {
            try root.makeDirectory("state", mode: 0o700)
            state = try File.open("state", in: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw RuntimeError(
                "cannot use \(path)/state: \(error)",
                remedy: "it has to be a directory of the runtime's own")
        }
        try Self.checkOwnership(state, path)
        do throws(SystemError) {
            lock = try File.open("lock", in: state, O_RDWR | O_CREAT | O_NOFOLLOW)
            guard try lock.tryLock() else {
                throw SystemError("lock", EWOULDBLOCK)
            }
        } catch {
            guard error.number == EWOULDBLOCK else {
                throw RuntimeError("cannot lock \(path)/state/lock: \(error)")
            }
            throw RuntimeError(
                "another runtime works in \(path)", remedy: "stop it, or choose another --work-dir")
        }
        do throws(SystemError) {
            try Self.makePrivate(state)
            store = try Self.folder("modules", in: state)
            uploads = try Self.folder("uploads", in: state)
            compiled = try Self.folder("compiled", in: state)
            logs = try Self.folder("logs", in: state)
        } catch {
            throw RuntimeError("cannot use \(path)/state: \(error)")
        }
    }

    /// The folder of files people put there, as it is now: they make it, or put another in its place,
    /// while a runtime runs. nil when there is none.
    func openModules() throws(SystemError) -> File? {
        try File.openIfAny("modules", in: root, O_RDONLY | O_DIRECTORY)
    }

    /// The database has values that only their process should see: nobody else reads it, even should
    /// somebody open the directory later. What is made beside it takes its mode.
    private static func makePrivate(_ state: File) throws(SystemError) {
        let flags = O_RDWR | O_NOFOLLOW
        try File.open("state.sqlite", in: state, flags | O_CREAT).setMode(0o600)
        for name in ["state.sqlite-wal", "state.sqlite-shm"] {
            try? File.open(name, in: state, flags).setMode(0o600)
        }
    }

    private static func folder(_ name: String, in state: File) throws(SystemError) -> File {
        try state.makeDirectory(name, mode: 0o700)
        return try File.open(name, in: state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Whether a runtime may work in the directory it was started in; see ``init(_:isDefault:)``.
    static func checkDefault(_ path: String) throws(RuntimeError) {
        let root: File
        do throws(SystemError) {
            root = try File.open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            throw RuntimeError("cannot open the work directory \(path): \(error)")
        }
        try checkDefault(root, path)
    }

    private static func checkDefault(_ root: File, _ path: String) throws(RuntimeError) {
        let names: [String]
        do throws(SystemError) {
            names = try root.names()
        } catch {
            throw RuntimeError("cannot read the work directory \(path): \(error)")
        }
        guard
            names.isEmpty || names.contains(where: { ["modules", "certs", "state"].contains($0) })
        else {
            throw RuntimeError(
                "the current directory is no work directory (it has no modules, certs or state)",
                remedy: "name one: selium-runtime --work-dir DIR")
        }
    }

    private static func checkOwnership(_ state: File, _ path: String) throws(RuntimeError) {
        let status: File.Status
        do throws(SystemError) {
            status = try state.status()
        } catch {
            throw RuntimeError("cannot use \(path)/state: \(error)")
        }
        guard status.owner == effectiveUser() else {
            throw RuntimeError(
                "\(path)/state belongs to user \(status.owner), not to user \(effectiveUser())",
                remedy: "run as that user, or choose another --work-dir")
        }
        guard status.permissions & 0o077 == 0 else {
            let shown = String(status.permissions, radix: 8)
            throw RuntimeError(
                "\(path)/state is open to others (0\(shown))",
                remedy: "fix: chmod 700 \(path)/state")
        }
    }
}
