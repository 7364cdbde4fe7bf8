internal import Glibc

/// The user's file of contexts: `~/.config/selium/contexts.yaml`, mode 0600, in a directory of mode
/// 0700 where this command makes it. It says where a command sends what, so nobody else may write it.
struct ContextStore: Sendable {
    /// No file of contexts is larger.
    static let maximumFile = 1 << 16

    private static let name = "contexts.yaml"
    /// How long another command may hold the file, in steps of 10 ms.
    private static let lockAttempts = 1_000

    private let home: String

    /// nil without a home directory.
    init?(_ environment: [String: String]) {
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        self.home = home
    }

    private var directory: String { "\(home)/.config/selium" }

    /// Where the file is, or would be.
    var path: String { "\(directory)/\(Self.name)" }

    /// What the file says; nothing when there is none.
    func load() throws(CommandError) -> ContextFile {
        // Non-blocking: a FIFO in the place of a file must not hold us for ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return ContextFile() }
            throw unusable("cannot read \(shown): \(LocalFileProblem().reason)")
        }
        defer { close(descriptor) }
        try judge(descriptor, shown, isDirectory: false)
        let text: String
        do throws(LocalFileProblem) {
            text = try LocalFile.text(descriptor: descriptor, limit: Self.maximumFile)
        } catch {
            throw unusable("cannot read \(shown): \(error.reason)")
        }
        do throws(ContextFile.Problem) {
            return try ContextFile(text)
        } catch {
            throw unusable("\(shown):\(error.line): expected \(error.expected)")
        }
    }

    /// Changes the file whole or not at all. Two commands at once do so one after the other.
    func change<Value>(
        _ body: (inout ContextFile) throws(CommandError) -> Value
    ) throws(CommandError) -> Value {
        for path in ["\(home)/.config", directory] {
            guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw unwritten("cannot make \(Escape.foreign(path))")
            }
        }
        let folder = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw unwritten("cannot open \(Escape.foreign(directory))") }
        defer { close(folder) }
        try judge(folder, Escape.foreign(directory), isDirectory: true)
        try lock(folder)
        var file = try load()
        let value = try body(&file)
        try write(file, folder)
        return value
    }

    private func write(_ file: ContextFile, _ folder: Int32) throws(CommandError) {
        let text = Array(file.text.utf8)
        // Else nobody could read it again.
        guard text.count <= Self.maximumFile else {
            throw CommandError(
                .conflict, "\(shown) would be larger than \(Self.maximumFile >> 10) KiB",
                remedies: ["to make room: selium context rm NAME"])
        }
        let temporary = ".\(Self.name).new"
        _ = unsafe unlinkat(folder, temporary, 0)
        let descriptor = unsafe openat(
            folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0 else { throw unwritten("cannot write \(shown)") }
        defer { close(descriptor) }
        var rest = text[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        guard rest.isEmpty, fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0,
            unsafe renameat(folder, temporary, folder, Self.name) == 0
        else {
            let failure = unwritten("cannot write \(shown)")
            _ = unsafe unlinkat(folder, temporary, 0)
            throw failure
        }
        _ = fsync(folder)
    }

    private func lock(_ folder: Int32) throws(CommandError) {
        for _ in 0..<Self.lockAttempts {
            if flock(folder, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw unwritten("cannot lock \(Escape.foreign(directory))")
            }
            usleep(10_000)
        }
        throw CommandError(.tryAgain, "another command is changing \(shown)")
    }

    /// What is open must be ours, and nobody else's to write.
    private func judge(
        _ descriptor: Int32, _ name: String, isDirectory: Bool
    ) throws(CommandError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw unusable("cannot read \(name): \(LocalFileProblem().reason)")
        }
        guard isDirectory || status.st_mode & S_IFMT == S_IFREG else {
            throw unusable("\(name) is not a file")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw unusable("\(name) belongs to another user")
        }
        guard status.st_mode & 0o022 == 0 else {
            let mode = Escape.padded(String(status.st_mode & 0o7777, radix: 8), 4)
            throw CommandError(
                .badConfiguration, "\(name) is writable by others (\(mode))",
                remedies: ["fix: chmod go-w \(name)"])
        }
    }

    private var shown: String { Escape.foreign(path) }

    private func unusable(_ message: String) -> CommandError {
        CommandError(.badConfiguration, message)
    }

    /// With what the system says.
    private func unwritten(_ message: String) -> CommandError {
        CommandError(.failed, "\(message): \(LocalFileProblem().reason)")
    }

    /// A path that means the same from everywhere.
    static func absolute(_ path: String) -> String? {
        guard !path.hasPrefix("/") else { return path }
        guard let raw = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(raw) }
        let here = unsafe String(cString: raw)
        let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return rest.isEmpty || rest == "." ? here : here == "/" ? "/\(rest)" : "\(here)/\(rest)"
    }
}
