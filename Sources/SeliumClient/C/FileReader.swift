internal import Glibc

/// A file that is being read: what its descriptor says, never what its path said a moment ago.
struct FileReader: ~Copyable {
    /// Why a file cannot be read.
    struct Problem: Error {
        /// The system's error number.
        let number: Int32
        /// In the system's words.
        var reason: String { unsafe String(cString: strerror(number)) }
        /// No such file or directory.
        var isMissing: Bool { number == ENOENT || number == ENOTDIR }
    }

    /// What the descriptor says about the file.
    struct Status {
        let isRegular: Bool
        let isDirectory: Bool
        let size: UInt64
        /// Permission bits.
        let mode: UInt32
        let owner: UInt32
    }

    private let descriptor: Int32

    /// Opens a file, or a directory to look at it.
    init(_ path: String) throws(Problem) {
        // Non-blocking: a FIFO in the place of a file must not hold us for ever.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw Problem(number: errno) }
    }

    deinit { close(descriptor) }

    /// What the descriptor says.
    func status() throws(Problem) -> Status {
        var raw = stat()
        guard unsafe fstat(descriptor, &raw) == 0 else { throw Problem(number: errno) }
        return Status(
            isRegular: raw.st_mode & S_IFMT == S_IFREG,
            isDirectory: raw.st_mode & S_IFMT == S_IFDIR,
            size: UInt64(clamping: raw.st_size), mode: raw.st_mode & 0o7777, owner: raw.st_uid)
    }

    /// At most `count` bytes from `offset` on; fewer at the end of the file.
    func read(at offset: UInt64, count: Int) throws(Problem) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let wanted = count - bytes.count
            let position = offset &+ UInt64(bytes.count)
            guard let start = off_t(exactly: position) else { throw Problem(number: EFBIG) }
            var got = 0
            let part = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
                got = unsafe pread(descriptor, buffer.baseAddress, wanted, start)
                initialized = max(got, 0)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Problem(number: errno) }
            if got == 0 { break }
            bytes = bytes.isEmpty ? part : bytes + part
        }
        return bytes
    }

    /// Who we are, as far as files are concerned.
    static var user: UInt32 { geteuid() }
}
