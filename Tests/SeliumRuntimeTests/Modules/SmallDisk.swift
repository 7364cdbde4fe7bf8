import Foundation

/// A file system of its own, small enough to be filled.
final class SmallDisk: Sendable {
    let path: String

    /// Whether this machine lets us mount one: root in a container that may.
    static let isPossible: Bool = {
        guard let path = try? RuntimeFixture.directory(), let disk = SmallDisk(path, mebibytes: 1)
        else { return false }
        disk.unmount()
        return true
    }()

    /// Mounts a memory file system over a directory; nil when that is not allowed.
    init?(_ path: String, mebibytes: Int) {
        self.path = path
        guard Self.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path) else {
            return nil
        }
    }

    func unmount() { _ = Self.run("umount", "-l", path) }

    /// Takes all the space that is left.
    func fill() throws {
        let filler = path + "/filler"
        try Data().write(to: URL(fileURLWithPath: filler))
        // It fails, having taken what there was.
        _ = Self.run("dd", "if=/dev/zero", "of=" + filler, "bs=64k")
    }

    /// Gives it back.
    func empty() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    private static func run(_ words: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
