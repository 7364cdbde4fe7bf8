import Glibc

/// A directory of this test's own, removed with everything in it at the end.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/selium-certificates-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> Bool in
            guard let base = buffer.baseAddress else { return false }
            return unsafe mkdtemp(base) != nil
        }
        precondition(made, "no temporary directory")
        self.path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        self.removeAll(".")
        _ = unsafe rmdir(self.path)
    }

    private func removeAll(_ directory: String) {
        for entry in self.entries(directory) {
            let name = "\(directory)/\(entry)"
            if unsafe unlink(self(name)) != 0 {
                self.removeAll(name)
                _ = unsafe rmdir(self(name))
            }
        }
    }

    func callAsFunction(_ name: String) -> String { "\(self.path)/\(name)" }

    func setMode(_ name: String, _ mode: UInt32) {
        _ = unsafe chmod(self(name), mode)
    }

    func mode(_ name: String) -> UInt32? {
        var value = stat()
        return unsafe lstat(self(name), &value) == 0 ? value.st_mode & 0o7777 : nil
    }

    func write(_ name: String, _ text: String, mode: UInt32 = 0o600) {
        let number = unsafe open(self(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(number, bytes, bytes.count)
        close(number)
        self.setMode(name, mode)
    }

    func read(_ name: String) -> String? {
        let number = unsafe open(self(name), O_RDONLY)
        guard number >= 0 else { return nil }
        defer { close(number) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(number, &bytes, bytes.count)
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    func makeDirectory(_ name: String, mode: UInt32 = 0o700) {
        _ = unsafe mkdir(self(name), mode)
        self.setMode(name, mode)
    }

    func makeFIFO(_ name: String) {
        _ = unsafe mkfifo(self(name), 0o600)
    }

    func link(_ name: String, to target: String) {
        _ = unsafe symlink(target, self(name))
    }

    func remove(_ name: String) {
        _ = unsafe unlink(self(name))
    }

    func entries(_ name: String = ".") -> [String] {
        guard let stream = unsafe opendir(self(name)) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
