package import SeliumHosting
package import SeliumKernel

extension InMemoryProcessHost {
    package func module(
        _ reference: ModuleReference, in namespace: Namespace
    ) async throws(HostError) -> ModuleInfo? {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            return world.digest(reference, in: namespace).flatMap { digest in
                world.modules[digest].map { ModuleInfo(digest: digest, size: UInt64($0.count)) }
            }
        }
    }

    package func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role
    ) async throws(HostError) -> ModuleUpload {
        try world.withLock { (world) throws(HostError) in
            try world.failIfTold()
            let key = UploadTable.Key(namespace: namespace, digest: digest)
            if world.owns(digest, size: size, namespace) {
                return ModuleUpload(
                    namespace: namespace, digest: digest, size: size, offset: size, token: 0)
            }
            let stored = world.owners[namespace, default: []].reduce(0) {
                $0 + UInt64(world.modules[$1]?.count ?? 0)
            }
            let begun = try hosted { () throws(KernelError) in
                try world.uploads.begin(key, size: size, role: role, stored: stored)
            }
            if begun.offset == 0 { world.received[key] = [] }
            return ModuleUpload(
                namespace: namespace, digest: digest, size: size, offset: begun.offset,
                token: begun.token)
        }
    }

    package func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError) {
        try world.withLock { (world) throws(HostError) in
            if let failure = world.appendFailure { throw failure }
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            try hosted { () throws(KernelError) in
                try world.uploads.received(bytes.count, key: key, token: upload.token)
            }
            world.received[key, default: []] += bytes
        }
    }

    package func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        try world.withLock { (world) throws(HostError) in
            if world.owns(upload.digest, size: upload.size, upload.namespace) {
                return ModuleInfo(digest: upload.digest, size: upload.size)
            }
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            try hosted { () throws(KernelError) in
                try world.uploads.complete(key, token: upload.token)
            }
            let bytes = world.received.removeValue(forKey: key) ?? []
            world.uploads.remove(key, token: upload.token)
            guard Self.digest(of: bytes) == upload.digest else {
                throw HostError(.dataLoss, "the bytes that came are not \(upload.digest)")
            }
            world.modules[upload.digest] = bytes
            world.owners[upload.namespace, default: []].insert(upload.digest)
            return ModuleInfo(digest: upload.digest, size: UInt64(bytes.count))
        }
    }

    package func suspend(_ upload: ModuleUpload) async {
        world.withLock { world in
            let key = UploadTable.Key(namespace: upload.namespace, digest: upload.digest)
            let durable = UInt64(world.received[key]?.count ?? 0)
            world.uploads.suspend(key, token: upload.token, durable: durable, now: world.now())
        }
    }
}
