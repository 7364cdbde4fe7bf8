internal import Glibc

/// Files named on the command line.
enum LocalFile {
    /// What a path leads to, as far as an error message needs to know.
    enum Kind: Hashable {
        case missing
        case directory
        case file
    }

    /// Looks at a path, following links.
    static func kind(_ path: String) -> Kind {
        guard unsafe access(path, F_OK) == 0 || errno == EACCES else { return .missing }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .file }
        close(descriptor)
        return .directory
    }

    /// Reads a small file as text; the system's reason when that fails.
    ///
    /// - Parameter limit: the most bytes; a larger file fails.
    static func text(_ path: String, limit: Int) throws(LocalFileProblem) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LocalFileProblem() }
        defer { close(descriptor) }
        return try text(descriptor: descriptor, limit: limit)
    }

    /// The same for a file that is open.
    static func text(descriptor: Int32, limit: Int) throws(LocalFileProblem) -> String {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            var count = 0
            let part = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                count = unsafe read(descriptor, buffer.baseAddress, 65_536)
                initialized = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LocalFileProblem() }
            if count == 0 {
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw LocalFileProblem(reason: "it is not UTF-8 text")
                }
                return text
            }
            bytes += part
        }
        throw LocalFileProblem(reason: "it is larger than \(limit) bytes")
    }
}

/// Why a file cannot be read, in the system's words.
struct LocalFileProblem: Error, Hashable {
    let reason: String

    init(reason: String) { self.reason = reason }

    /// What `errno` says now.
    init() { reason = unsafe String(cString: strerror(errno)) }
}
