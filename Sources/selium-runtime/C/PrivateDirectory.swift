import Glibc
import Synchronization

/// The work directory that `selium run` made for one runtime.
enum PrivateDirectory {
    /// How such a directory is called; nothing else is ever removed.
    private static let prefix = "selium-run-"
    /// Others in this process may still make files while it is removed.
    private static let attempts = 100
    /// Whether it was removed for good.
    private static let isGone = Mutex(false)

    /// Runs `body`, which makes it and what has to be in it; nothing when it was removed for good.
    static func make<E: Error>(_ body: () throws(E) -> Void) throws(E) {
        try isGone.withLock { (isGone) throws(E) in
            if !isGone { try body() }
        }
    }

    /// Removes it, and from now on nobody makes it again: whoever was about to, would leave it behind
    /// when the process ends next. What is being made is waited for.
    static func removeForGood(_ path: String) {
        isGone.withLock { isGone in
            isGone = true
            remove(path)
        }
    }

    /// Removes it with everything in it, if it is one of those, ours, and closed to others.
    static func remove(_ path: String) {
        guard path.split(separator: "/").last?.hasPrefix(prefix) == true else { return }
        for _ in 0..<attempts {
            let handle = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard handle >= 0 else { return }
            var status = stat()
            guard unsafe fstat(handle, &status) == 0, status.st_uid == geteuid(),
                status.st_mode & 0o077 == 0
            else {
                close(handle)
                return
            }
            empty(handle)
            if unsafe rmdir(path) == 0 { return }
        }
    }

    /// Removes what is in a directory, links themselves and never what they lead to; closes it.
    private static func empty(_ directory: Int32) {
        guard let stream = unsafe fdopendir(directory) else {
            close(directory)
            return
        }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard name != ".", name != "..", unsafe unlinkat(directory, name, 0) != 0,
                errno == EISDIR
            else { continue }
            let inner = unsafe openat(
                directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if inner >= 0 { empty(inner) }
            _ = unsafe unlinkat(directory, name, AT_REMOVEDIR)
        }
    }
}
