internal import Glibc

/// A directory held open, so that what was judged is what is written into.
struct DirectoryHandle: ~Copyable {
    /// For messages only.
    let path: String
    /// Whether it was made by ``openOrMake(_:)``, and may go again when nothing came of it.
    private(set) var wasMade = false
    private let descriptor: FileDescriptor

    private init(path: String, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Opens the directory at `path`; nil when it is not there.
    static func open(_ path: String) throws(CertificateError) -> DirectoryHandle? {
        let number = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let error = errno
        guard let descriptor = FileDescriptor(number) else {
            if error == ENOENT { return nil }
            throw CertificateError(
                .unreadable, "cannot open \(path): \(errorText(error))", path: path)
        }
        return DirectoryHandle(path: path, descriptor: descriptor)
    }

    /// Opens the directory at `path`, making it and its missing parents with mode 0700.
    static func openOrMake(_ path: String) throws(CertificateError) -> DirectoryHandle {
        if let handle = try self.open(path) {
            return handle
        }
        try self.make(path)
        guard var handle = try self.open(path) else {
            throw CertificateError(.writeFailed, "cannot make \(path)", path: path)
        }
        handle.wasMade = true
        return handle
    }

    /// Removes the directory again if it was made here and is empty.
    func discardIfMade() {
        if self.wasMade {
            _ = unsafe rmdir(self.path)
        }
    }

    private static func make(_ path: String) throws(CertificateError) {
        if unsafe mkdir(path, 0o700) == 0 { return }
        if errno == ENOENT, let slash = path.dropFirst().lastIndex(of: "/") {
            try self.make(String(path[..<slash]))
            if unsafe mkdir(path, 0o700) == 0 { return }
        }
        let error = errno
        guard error == EEXIST else {
            throw CertificateError(
                .writeFailed, "cannot make \(path): \(errorText(error))", path: path)
        }
    }

    /// Throws unless the directory is ours and nobody else may write into it.
    func requireOurs() throws(CertificateError) {
        guard let status = self.descriptor.status() else {
            throw CertificateError(.unreadable, "cannot read \(self.path)", path: self.path)
        }
        guard status.owner == geteuid() else {
            throw CertificateError(
                .unsafeDirectory, "\(self.path) belongs to another user", path: self.path)
        }
        guard status.mode & 0o022 == 0 else {
            throw CertificateError(
                .unsafeDirectory,
                "\(self.path) is writable by others (0\(String(status.mode & 0o777, radix: 8)))",
                path: self.path, mode: status.mode)
        }
    }

    /// Whether there is anything by that name, a dangling link included.
    func has(_ name: String) -> Bool {
        unsafe faccessat(self.descriptor.number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Makes a directory of mode 0700 inside, if it is not there, and opens it.
    func subdirectory(_ name: String) throws(CertificateError) -> DirectoryHandle {
        let path = "\(self.path)/\(name)"
        _ = unsafe mkdirat(self.descriptor.number, name, 0o700)
        let number = unsafe openat(
            self.descriptor.number, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        let error = errno
        guard let descriptor = FileDescriptor(number) else {
            throw CertificateError(
                .writeFailed, "cannot make \(path): \(errorText(error))", path: path)
        }
        let handle = DirectoryHandle(path: path, descriptor: descriptor)
        try handle.requireOurs()
        return handle
    }

    /// Makes a file that was not there, readable by us only, whatever the umask. When writing it
    /// fails it is removed again.
    func create(_ name: String, _ bytes: [UInt8]) throws(CertificateError) {
        let path = "\(self.path)/\(name)"
        let number = unsafe openat(
            self.descriptor.number, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
            mode_t(0o600))
        let error = errno
        guard let file = FileDescriptor(number) else {
            let code: CertificateError.Code = error == EEXIST ? .alreadyExists : .writeFailed
            throw CertificateError(
                code, "cannot make \(path): \(errorText(error))", path: path)
        }
        guard fchmod(file.number, 0o600) == 0, file.writeAll(bytes) else {
            let error = errno
            self.remove(name)
            throw CertificateError(
                .writeFailed, "cannot write \(path): \(errorText(error))", path: path)
        }
    }

    /// Writes a file whole or not at all, in place of one that may be there.
    func replace(_ name: String, _ bytes: [UInt8]) throws(CertificateError) {
        let temporary = ".\(name).new"
        self.remove(temporary)
        try self.create(temporary, bytes)
        let number = self.descriptor.number
        guard unsafe renameat(number, temporary, number, name) == 0 else {
            let error = errno
            self.remove(temporary)
            throw CertificateError(
                .writeFailed, "cannot write \(self.path)/\(name): \(errorText(error))",
                path: "\(self.path)/\(name)")
        }
        _ = fsync(number)
    }

    func remove(_ name: String) {
        _ = unsafe unlinkat(self.descriptor.number, name, 0)
    }

    /// Brings the directory's entries to the disk.
    func synchronize() {
        _ = fsync(self.descriptor.number)
    }

    /// A regular file's bytes; nil when it is not there.
    func read(_ name: String, asKey: Bool) throws(CertificateError) -> [UInt8]? {
        let path = "\(self.path)/\(name)"
        // Without O_NONBLOCK a FIFO of that name would hold us for ever.
        let number = unsafe openat(
            self.descriptor.number, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        let error = errno
        guard let file = FileDescriptor(number) else {
            if error == ENOENT { return nil }
            throw CertificateError(
                .unreadable, "cannot read \(path): \(errorText(error))", path: path)
        }
        return try CertificateFile.read(file, path: path, asKey: asKey)
    }
}
