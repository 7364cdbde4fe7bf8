internal import Glibc

/// A directory for this run only. The private runtime makes it, and removes it whatever becomes of
/// us: at no moment there is something that only we could take away.
struct PrivateDirectory: Sendable {
    let path: String

    /// One of a name below TMPDIR that nobody can guess.
    init(_ environment: [String: String]) {
        let base = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        path = "\(base)/selium-run-\(Escape.padded(number, 16))"
    }

    /// Removes it with everything in it. What cannot be removed stays.
    func remove() { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        guard let handle = unsafe opendir(path) else { return }
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard name != ".", name != ".." else { continue }
            let child = "\(path)/\(name)"
            // Links are removed, never followed; a directory is what cannot be unlinked as a file.
            if unsafe unlink(child) != 0, errno == EISDIR { removeTree(child) }
        }
        unsafe closedir(handle)
        _ = unsafe rmdir(path)
    }

    /// Where this program lies; nil when the system does not say.
    static func ownExecutable() -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a file can be run.
    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
}
