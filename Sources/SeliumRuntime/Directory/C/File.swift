import CPosix
import Glibc

/// A system call that failed.
struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    var call: String
    var number: Int32

    init(_ call: String, _ number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    /// Whether the disk or a quota is full.
    var isNoSpace: Bool { number == ENOSPC || number == EDQUOT }

    /// Whether the machine lacks descriptors or memory at this moment.
    var isShortage: Bool { [EMFILE, ENFILE, ENOMEM, EAGAIN].contains(number) }

    var description: String {
        guard let text = unsafe strerror(number) else { return "\(call): error \(number)" }
        return unsafe "\(call): \(String(cString: text))"
    }
}

/// An open file or directory; closed when nobody has it any more.
final class File: Sendable {
    let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Opens a path, relative to `directory` when there is one. Close-on-exec always.
    static func open(
        _ path: String, in directory: File? = nil, _ flags: Int32, mode: mode_t = 0o600
    ) throws(SystemError) -> File {
        let descriptor = unsafe openat(
            directory?.descriptor ?? AT_FDCWD, path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open") }
        return File(owning: descriptor)
    }

    /// The same of what may not be there: nil when it cannot be opened, unless the machine lacks
    /// descriptors or memory, which says nothing of the file.
    static func openIfAny(
        _ path: String, in directory: File, _ flags: Int32
    ) throws(SystemError) -> File? {
        do throws(SystemError) {
            return try open(path, in: directory, flags)
        } catch {
            guard error.isShortage else { return nil }
            throw error
        }
    }

    /// Writes all of it at the present position.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write") }
            done += count
        }
    }

    /// At most `limit` bytes from `offset`; empty at the end.
    func read(at offset: UInt64, atMost limit: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var got: Int
            repeat {
                got = unsafe pread(descriptor, buffer.baseAddress, limit, off_t(clamping: offset))
            } while got < 0 && errno == EINTR
            if got < 0 { failure = SystemError("read") }
            count = max(0, got)
        }
        if let failure { throw failure }
        return bytes
    }

    /// Everything up to `limit` bytes; nil when there is more.
    func readAll(atMost limit: Int) throws(SystemError) -> [UInt8]? {
        var all: [UInt8] = []
        while true {
            let part = try read(at: UInt64(all.count), atMost: 1 << 20)
            if part.isEmpty { return all }
            guard all.count + part.count <= limit else { return nil }
            all += part
        }
    }

    func seek(to offset: UInt64) throws(SystemError) {
        guard lseek(descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
            throw SystemError("seek")
        }
    }

    func truncate(to size: UInt64) throws(SystemError) {
        guard ftruncate(descriptor, off_t(clamping: size)) == 0 else {
            throw SystemError("truncate")
        }
    }

    /// Makes what was written survive a loss of power.
    func synchronize() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError("fsync") }
    }

    /// The same for everything on the file system it is on.
    func synchronizeFileSystem() throws(SystemError) {
        let result = cposix_sync_file_system(descriptor)
        guard result == 0 else { throw SystemError("syncfs", -result) }
    }

    func setMode(_ mode: mode_t) throws(SystemError) {
        guard fchmod(descriptor, mode) == 0 else { throw SystemError("chmod") }
    }

    /// What the file is.
    struct Status: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: UInt64
        /// Nanoseconds since 1970.
        var modified: Int64
        var changed: Int64
        var owner: UInt32
        var mode: UInt32

        var isRegular: Bool { mode & S_IFMT == S_IFREG }
        var permissions: UInt32 { mode & 0o7777 }
    }

    func status() throws(SystemError) -> Status {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError("stat") }
        return Status(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: UInt64(clamping: status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000
                &+ Int64(status.st_mtim.tv_nsec),
            changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec),
            owner: status.st_uid, mode: status.st_mode)
    }

    /// Takes the file's lock without waiting; false when somebody has it. Gone with the descriptor.
    func tryLock() throws(SystemError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw SystemError("lock") }
        return false
    }

    // MARK: As a directory

    func makeDirectory(_ name: String, mode: mode_t) throws(SystemError) {
        guard unsafe mkdirat(descriptor, name, mode) == 0 || errno == EEXIST else {
            throw SystemError("mkdir")
        }
    }

    func rename(_ old: String, to new: String) throws(SystemError) {
        guard unsafe renameat(descriptor, old, descriptor, new) == 0 else {
            throw SystemError("rename")
        }
    }

    /// Moves a file into another directory of the same file system.
    func rename(_ old: String, into directory: File, as new: String) throws(SystemError) {
        guard unsafe renameat(descriptor, old, directory.descriptor, new) == 0 else {
            throw SystemError("rename")
        }
    }

    /// Removes a name; fine when it does not exist.
    func unlink(_ name: String) throws(SystemError) {
        guard unsafe unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
            throw SystemError("unlink")
        }
    }

    /// Removes an empty directory; fine when it does not exist.
    func removeDirectory(_ name: String) throws(SystemError) {
        guard unsafe unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw SystemError("rmdir")
        }
    }

    /// The names in this directory, sorted, without `.` and `..`.
    func names() throws(SystemError) -> [String] {
        let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw SystemError("open") }
        guard let stream = unsafe fdopendir(copy) else {
            close(copy)
            throw SystemError("opendir")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Bytes free for us and bytes in all, of the file system this is on.
    func space() throws(SystemError) -> (free: UInt64, capacity: UInt64) {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor, &status) == 0 else { throw SystemError("statvfs") }
        let block = UInt64(status.f_frsize)
        return (UInt64(status.f_bavail) &* block, UInt64(status.f_blocks) &* block)
    }
}

/// Who runs this process.
func effectiveUser() -> UInt32 { geteuid() }

/// A number the kernel shows in a file, such as /proc/sys/vm/max_map_count.
func kernelNumber(_ path: String) -> Int? {
    guard let file = try? File.open(path, O_RDONLY), let bytes = try? file.readAll(atMost: 256)
    else {
        return nil
    }
    return Int(String(decoding: bytes, as: UTF8.self).filter(\.isNumber))
}

/// Processors this process may run on, at least 1.
func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
