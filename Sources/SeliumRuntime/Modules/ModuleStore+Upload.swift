import Glibc
import SeliumHosting
import SeliumKernel

extension ModuleStore {
    /// Begins or resumes an upload: judges size, quotas and the disk, becomes its one writer.
    func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role, now: UInt64
    ) async throws(HostError) -> ModuleUpload {
        let key = UploadTable.Key(namespace: namespace, digest: digest)
        expireUploads(now: now)
        let begun = try table.withLock { (table) throws(HostError) in
            let stored = table.stored(in: namespace)
            return try hosted { () throws(KernelError) in
                try table.uploads.begin(key, size: size, role: role, stored: stored)
            }
        }
        do throws(HostError) {
            try checkDisk(for: size - begun.offset)
            let file: UploadFile
            do throws(SystemError) {
                file = try UploadFile(Self.name(key), in: directory.uploads, offset: begun.offset)
            } catch {
                throw failure(error, "an upload cannot be stored")
            }
            guard await state.commit({ try $0.insertUpload(key, size: size) }) else {
                throw HostError(
                    .unavailable, "the server's state cannot be written", isRetryable: true)
            }
            table.withLock { $0.files[key] = file }
        } catch {
            _ = table.withLock {
                $0.uploads.suspend(key, token: begun.token, durable: begun.offset, now: now)
            }
            throw error
        }
        return ModuleUpload(
            namespace: namespace, digest: digest, size: size, offset: begun.offset,
            token: begun.token)
    }

    /// Appends; makes everything durable at least every `Limits.uploadSyncBytes`.
    func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError) {
        let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
        let file = try table.withLock { (table) throws(HostError) -> UploadFile? in
            try hosted { () throws(KernelError) in
                try table.uploads.received(bytes.count, key: key, token: upload.token)
            }
            return table.files[key]
        }
        guard let file else { throw HostError(.failedPrecondition, "this upload was given up") }
        do throws(SystemError) {
            try file.append(bytes)
            if file.unsynchronized >= Limits.uploadSyncBytes {
                try await files.run { () throws(SystemError) in try file.synchronize() }
            }
        } catch {
            throw failure(error, "an upload cannot be stored")
        }
        if file.unsynchronized == 0 { try checkDisk(for: 0) }
    }

    /// Checks size and hash and makes the module exist.
    func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
        let file = try table.withLock { (table) throws(HostError) -> UploadFile? in
            try hosted { () throws(KernelError) in
                try table.uploads.complete(key, token: upload.token)
            }
            return table.files.removeValue(forKey: key)
        }
        guard let file else { throw HostError(.failedPrecondition, "this upload was given up") }
        let hash: [UInt8]
        do throws(SystemError) {
            hash = try await files.run { () throws(SystemError) in try file.finish() }
        } catch {
            forget(key, token: upload.token)
            throw failure(error, "an upload cannot be stored")
        }
        guard hash == upload.digest.bytes else {
            forget(key, token: upload.token)
            throw HostError(
                .dataLoss, "the bytes that came are not \(upload.digest)",
                remedy: "send the module again")
        }
        do throws(SystemError) {
            try directory.uploads.rename(
                Self.name(key), into: directory.store, as: upload.digest.hex)
            let store = directory.store
            try await files.run { () throws(SystemError) in try store.synchronize() }
        } catch {
            forget(key, token: upload.token)
            throw failure(error, "an upload cannot be stored")
        }
        try await own(upload.digest, size: upload.size, by: upload.namespace)
        forget(key, token: upload.token)
        return ModuleInfo(digest: upload.digest, size: upload.size)
    }

    /// Lets go of an upload; what is on disk stays for a resume.
    func suspend(_ upload: ModuleUpload, now: UInt64) async {
        let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
        guard let file = table.withLock({ $0.files[key] }) else { return }
        _ = try? await files.run { () throws(SystemError) in try file.synchronize() }
        table.withLock { table in
            // An old claim must not take the present writer's file away.
            if table.uploads.suspend(key, token: upload.token, durable: file.durable, now: now) {
                table.files[key] = nil
            }
        }
    }

    /// Throws an upload away.
    private func forget(_ key: UploadTable.Key, token: UInt64) {
        try? directory.uploads.unlink(Self.name(key))
        state.write { try $0.deleteUpload(key) }
        table.withLock { $0.uploads.remove(key, token: token) }
    }

    /// Throws away what nobody continued.
    private func expireUploads(now: UInt64) {
        for key in table.withLock({ $0.uploads.expire(now: now) }) {
            try? directory.uploads.unlink(Self.name(key))
            state.write { try $0.deleteUpload(key) }
        }
    }

    /// Uploads stop above the reserve, so that exit records always find room.
    private func checkDisk(for bytes: UInt64) throws(HostError) {
        guard let space = try? directory.uploads.space() else { return }
        let reserve = Limits.diskReserve(capacity: space.capacity)
        guard space.free > reserve, space.free - reserve >= bytes else {
            throw HostError(
                .resourceExhausted, "the server's disk is full but for its reserve",
                isRetryable: true)
        }
    }
}
