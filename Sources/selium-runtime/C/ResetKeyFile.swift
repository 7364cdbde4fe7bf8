import Glibc

/// `state/reset.key`: the secret of stateless resets (RFC 9000 §10.3.2). It outlives the process, so
/// that a runtime that was started again can tell clients of the one before that it does not know
/// them, and they need not wait until their idle timeout.
enum ResetKeyFile {
    private static let name = "reset.key"
    /// Where a key is until all of it is on the disk.
    private static let unfinished = "reset.key.new"
    private static let length = 32

    /// The key of a work directory; made if there is none.
    ///
    /// The runtime has `state/` open and locked: no other one makes a key at the same time.
    static func key(inWorkDirectory path: String) throws(Failure) -> [UInt8] {
        let state = unsafe open(
            "\(path)/state", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard state >= 0 else { throw failure("cannot open \(path)/state") }
        defer { close(state) }
        let file = unsafe openat(state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if file < 0, errno == ENOENT { return try make(in: state, of: path) }
        guard file >= 0 else { throw failure("cannot open \(path)/state/\(name)") }
        defer { close(file) }
        try check(file, path)
        return try read(file, path)
    }

    private static func check(_ file: Int32, _ path: String) throws(Failure) {
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            throw failure("cannot look at \(path)/state/\(name)")
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o7777 == 0o600,
            status.st_uid == geteuid(), status.st_size == length
        else {
            throw .configuration(
                "\(path)/state/\(name) is not a file of \(length) bytes and mode 600 of our own",
                "remove it: a new one is made")
        }
    }

    private static func read(_ file: Int32, _ path: String) throws(Failure) -> [UInt8] {
        let key = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = unsafe max(0, Glibc.read(file, buffer.baseAddress, length))
        }
        guard key.count == length else { throw failure("cannot read \(path)/state/\(name)") }
        return key
    }

    /// Whole or not at all: a crash in between leaves no key, and the next start makes one.
    private static func make(in state: Int32, of path: String) throws(Failure) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let key = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        _ = unsafe unlinkat(state, unfinished, 0)
        let file = unsafe openat(
            state, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot make \(path)/state/\(name)") }
        defer { close(file) }
        let written = unsafe key.withUnsafeBytes { unsafe write(file, $0.baseAddress, length) }
        // The mode may have lost bits to the umask.
        guard written == length, fchmod(file, 0o600) == 0, fsync(file) == 0,
            unsafe renameat(state, unfinished, state, name) == 0, fsync(state) == 0
        else { throw failure("cannot write \(path)/state/\(name)") }
        return key
    }

    private static func failure(_ what: String) -> Failure {
        guard let text = unsafe strerror(errno) else { return .configuration(what) }
        return unsafe .configuration("\(what): \(String(cString: text))")
    }
}
