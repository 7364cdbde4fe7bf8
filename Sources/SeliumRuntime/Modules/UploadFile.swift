import Glibc
import SeliumTLSCore
import Synchronization

/// The partial file of one upload, and the hash of what it holds.
final class UploadFile: Sendable {
    private struct Contents: Sendable {
        var received: UInt64
        var durable: UInt64
        /// Of everything from the beginning; nil when this runtime did not see all of it.
        var hash: SHA256?
        /// When bytes came last, or when it was opened; monotonic nanoseconds.
        var touched: UInt64
        /// A newer writer has the file open.
        var isRetired = false
    }

    private let file: File
    private let contents: Mutex<Contents>

    /// Opens the file and cuts it to `offset` bytes, where it goes on.
    init(_ name: String, in directory: File, offset: UInt64) throws(SystemError) {
        file = try File.open(name, in: directory, O_RDWR | O_CREAT | O_NOFOLLOW)
        try file.truncate(to: offset)
        try file.seek(to: offset)
        contents = Mutex(
            Contents(
                received: offset, durable: offset, hash: offset == 0 ? SHA256() : nil,
                touched: SystemClock().monotonic()))
    }

    /// What is safely on disk.
    var durable: UInt64 { contents.withLock { $0.durable } }

    /// Bytes that a crash would lose.
    var unsynchronized: UInt64 { contents.withLock { $0.received - $0.durable } }

    /// Appends; false, and nothing is written, when it is retired.
    func append(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        try contents.withLock { (contents) throws(SystemError) in
            guard !contents.isRetired else { return false }
            try file.write(bytes)
            contents.received += UInt64(bytes.count)
            contents.touched = SystemClock().monotonic()
            contents.hash?.update(bytes)
            return true
        }
    }

    /// Whether bytes have come in the last `patience` nanoseconds: its writer lives.
    func isBusy(within patience: UInt64) -> Bool {
        let touched = contents.withLock { $0.touched }
        return SystemClock().monotonic() &- touched < patience
    }

    /// Takes no more bytes, makes those that came durable, and says how many are. What cannot be
    /// made durable is not counted.
    func retire() -> UInt64 {
        contents.withLock { $0.isRetired = true }
        try? synchronize()
        return durable
    }

    /// Makes everything durable.
    func synchronize() throws(SystemError) {
        let received = contents.withLock { $0.received }
        try file.synchronize()
        contents.withLock { $0.durable = max($0.durable, received) }
    }

    /// Makes it durable and unwritable and says the SHA-256 of all of it.
    func finish() throws(SystemError) -> [UInt8] {
        try synchronize()
        try file.setMode(0o400)
        if let hash = contents.withLock({ $0.hash }) { return hash.finalize() }
        return try file.sha256()
    }
}

extension File {
    /// The SHA-256 of the whole file.
    func sha256() throws(SystemError) -> [UInt8] {
        var hash = SHA256()
        var offset: UInt64 = 0
        while true {
            let part = try read(at: offset, atMost: 1 << 20)
            guard !part.isEmpty else { return hash.finalize() }
            hash.update(part)
            offset += UInt64(part.count)
        }
    }
}
