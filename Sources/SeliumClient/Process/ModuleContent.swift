internal import SeliumTLSCore

/// The bytes of a module that may have to be sent: hashed once, read again as often as an upload is
/// resumed.
final class ModuleContent: Sendable {
    /// Bytes hashed between two looks at whether somebody still waits.
    private static let hashChunk = 1 << 20
    /// The largest module a server takes, bytes: what is larger is not even read.
    static let moduleBytes: UInt64 = 128 << 20

    private enum Source: Sendable {
        case file(path: String)
        case bytes([UInt8])
    }

    private let source: Source
    /// Bytes.
    let size: UInt64
    /// SHA-256, 32 bytes.
    let digest: [UInt8]
    /// What the process table calls it.
    let name: String

    /// Reads and hashes a file.
    init(file path: String) throws(ClientError) {
        source = .file(path: path)
        name = path.split(separator: "/").last.map(String.init) ?? path
        do {
            let reader = try FileReader(path)
            let status = try reader.status()
            guard status.isRegular else {
                throw ClientError(
                    .localFile,
                    "\(path) is \(status.isDirectory ? "a directory" : "no regular file")"
                )
            }
            try Self.judge(size: status.size, path)
            var hash = SHA256()
            var offset: UInt64 = 0
            while true {
                let part = try reader.read(at: offset, count: Self.hashChunk)
                if part.isEmpty { break }
                hash.update(part.span)
                offset += UInt64(part.count)
                // It may grow while it is read.
                try Self.judge(size: offset, path)
                if Task.isCancelled { throw ClientError.cancelled }
            }
            size = offset
            digest = hash.finalize()
        } catch let error as ClientError {
            throw error
        } catch let problem as FileReader.Problem {
            throw Self.unreadable(path, problem)
        } catch {
            throw ClientError(.localFile, "cannot read \(path): \(error)")
        }
        guard size > 0 else { throw ClientError(.invalidArgument, "\(path) is empty") }
    }

    /// Bytes in memory.
    init(bytes: [UInt8], name: String) throws(ClientError) {
        guard !bytes.isEmpty else { throw ClientError(.invalidArgument, "the module is empty") }
        try Self.judge(size: UInt64(bytes.count), name.isEmpty ? "the module" : name)
        source = .bytes(bytes)
        size = UInt64(bytes.count)
        digest = SHA256.hash(bytes)
        self.name = name
    }

    /// Calls `send` with the bytes from `offset` on, in chunks of `count`, until it returns false.
    nonisolated(nonsending) func read(
        from offset: UInt64, count: Int,
        _ send: nonisolated(nonsending) ([UInt8], UInt64) async throws(ClientError) -> Bool
    ) async throws(ClientError) {
        var position = offset
        switch source {
        case .bytes(let bytes):
            while position < size {
                let start = Int(position)
                let part = Array(bytes[start..<min(start + count, bytes.count)])
                position += UInt64(part.count)
                guard try await send(part, position) else { return }
            }
        case .file(let path):
            while position < size {
                let part: [UInt8]
                do {
                    part = try FileReader(path).read(at: position, count: count)
                } catch {
                    throw Self.unreadable(path, error)
                }
                guard !part.isEmpty else {
                    throw ClientError(.localFile, "\(path) became shorter while it was sent")
                }
                position += UInt64(part.count)
                guard try await send(part, position) else { return }
            }
        }
    }

    private static func judge(size: UInt64, _ path: String) throws(ClientError) {
        guard size > moduleBytes else { return }
        throw ClientError(
            .invalidArgument,
            "\(path) has \(size) bytes; a module has at most \(moduleBytes) (limit moduleBytes)")
    }

    private static func unreadable(_ path: String, _ problem: FileReader.Problem) -> ClientError {
        ClientError(.localFile, "cannot read \(path): \(problem.reason)")
    }
}
