import Glibc
import SeliumHosting
import SeliumKernel

extension ModuleStore {
    /// Begins or resumes an upload: judges size, quotas and the disk, becomes its one writer.
    ///
    /// Waits while another writer makes progress, and then has nothing left to send; takes over from
    /// one that does not: what that one sent is made durable first.
    func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role, now: UInt64
    ) async throws(HostError) -> ModuleUpload {
        let key = UploadTable.Key(namespace: namespace, digest: digest)
        expireUploads(now: now)
        try await enterIdle(key)
        defer { leave(key) }
        guard !table.withLock({ $0.owns(digest, size: size, namespace) }) else {
            return ModuleUpload(
                namespace: namespace, digest: digest, size: size, offset: size, token: 0)
        }
        let (begun, old) = try table.withLock { (table) throws(HostError) in
            let stored = table.stored(in: namespace)
            let begun = try hosted { () throws(KernelError) in
                try table.uploads.begin(key, size: size, role: role, stored: stored)
            }
            return (begun, table.files.removeValue(forKey: key))
        }
        var offset = begun.offset
        do throws(HostError) {
            if let old { offset = try await takeOver(key, token: begun.token, from: old) }
            try checkDisk(for: size - offset)
            let file: UploadFile
            do throws(SystemError) {
                file = try UploadFile(Self.name(key), in: directory.uploads, offset: offset)
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
                $0.uploads.suspend(key, token: begun.token, durable: offset, now: now)
            }
            throw error
        }
        return ModuleUpload(
            namespace: namespace, digest: digest, size: size, offset: offset, token: begun.token)
    }

    /// How often the next writer looks whether the present one still makes progress: that one stands
    /// still is no event that could wake anybody, only the clock tells.
    private static let writerInterval = Duration.milliseconds(50)

    /// Waits for the right to begin an upload, and for a writer that makes progress: whoever comes
    /// second has nothing left to send then. One whose client died makes none, and is taken over.
    private func enterIdle(_ key: UploadTable.Key) async throws(HostError) {
        while true {
            try await enter(key)
            guard let file = table.withLock({ $0.files[key] }), file.isBusy(within: uploadPatience)
            else { return }
            leave(key)
            do {
                try await Task.sleep(for: Self.writerInterval)
            } catch {
                throw .cancelled
            }
        }
    }

    /// Ends the writing through an older handle; says where the new writer goes on.
    private func takeOver(
        _ key: UploadTable.Key, token: UInt64, from old: UploadFile
    ) async throws(HostError) -> UInt64 {
        let durable = await files.run { old.retire() }
        return try table.withLock { (table) throws(HostError) in
            try hosted { () throws(KernelError) in
                try table.uploads.rewind(key, token: token, to: durable)
            }
        }
    }

    /// Waits for the right to begin or commit an upload, which both take several steps.
    private func enter(_ key: UploadTable.Key) async throws(HostError) {
        _ = try await table.wait(for: .upload(key)) { table, _ in
            table.changing.insert(key).inserted ? true : nil
        }
    }

    /// Gives it back.
    private func leave(_ key: UploadTable.Key) {
        table.update { table, wakes in
            table.changing.remove(key)
            wakes.wake(.upload(key))
        }
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
        let isStored: Bool
        do throws(SystemError) {
            // Not here: a disk that has much to write makes also plain writes wait.
            isStored = try await files.run { () throws(SystemError) in
                guard try file.append(bytes) else { return false }
                if file.unsynchronized >= Limits.uploadSyncBytes { try file.synchronize() }
                return true
            }
        } catch {
            throw failure(error, "an upload cannot be stored")
        }
        guard isStored else { throw HostError(UploadTable.superseded) }
        if file.unsynchronized == 0 { try checkDisk(for: 0) }
    }

    /// Checks size and hash and makes the module exist.
    func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
        try await enter(key)
        defer { leave(key) }
        // Another writer of it was faster.
        guard !table.withLock({ $0.owns(upload.digest, size: upload.size, upload.namespace) })
        else { return ModuleInfo(digest: upload.digest, size: upload.size) }
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
        // Owned or not, the file has gone from where uploads are: there is nothing to go on with.
        defer { forget(key, token: upload.token) }
        try await own(upload.digest, size: upload.size, by: upload.namespace)
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
