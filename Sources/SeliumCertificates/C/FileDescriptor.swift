internal import Glibc

/// An open file or directory that closes itself.
struct FileDescriptor: ~Copyable {
    let number: Int32

    init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit {
        _ = Glibc.close(self.number)
    }

    /// Owner and permission bits of what is open, and whether it is a regular file.
    struct Status {
        let owner: UInt32
        /// The lower twelve bits.
        let mode: UInt32
        let isRegular: Bool
        let isDirectory: Bool
        let size: Int64
    }

    /// Asks the descriptor, not the path: nobody can exchange what is judged here.
    func status() -> Status? {
        var value = stat()
        guard unsafe fstat(self.number, &value) == 0 else { return nil }
        return Status(
            owner: value.st_uid, mode: value.st_mode & 0o7777,
            isRegular: value.st_mode & S_IFMT == S_IFREG,
            isDirectory: value.st_mode & S_IFMT == S_IFDIR, size: Int64(value.st_size))
    }

    /// Everything up to `limit` bytes; nil on failure or when there is more.
    func readAll(limit: Int) -> [UInt8]? {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(self.number, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return all }
            guard all.count + count <= limit else { return nil }
            all.append(contentsOf: chunk[..<count])
        }
    }

    /// Writes everything and brings it to the disk.
    func writeAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(self.number, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return fsync(self.number) == 0
    }
}

/// The text of an error number, for messages.
func errorText(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}
