internal import SeliumHosting
internal import SeliumKernel
internal import SeliumTLSCore

extension HostContract {
    static let inputChecks: [Check] = [
        Check(description: "what is written to stdin arrives, and its end ends the program") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.echo, input: true)
            let claim = try await host.openInput(id)
            let text = (1...5_000).map { "word \($0)\n" }.joined()
            try await host.writeInput(claim, Array(text.utf8), end: true)
            try equal(try await fixture.wholeLog(id).text(.stdout), text, "stdout")
            try equal(try await host.wait(id).outcome, .exit(code: 0), "outcome")
        },
        Check(description: "stdin has one writer; the next may come when it lets go") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.echo, input: true)
            let first = try await host.openInput(id)
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.openInput(id)
            }
            try await host.writeInput(first, Array("a".utf8), end: false)
            await host.closeInput(first)
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.writeInput(first, Array("x".utf8), end: false)
            }
            let second = try await host.openInput(id)
            await host.closeInput(first)
            try await host.writeInput(second, Array("b".utf8), end: true)
            try equal(try await fixture.wholeLog(id).text(.stdout), "ab", "stdout")
        },
        Check(description: "stdin that ended stays ended, also before the start") { fixture in
            let host = fixture.host
            let silent = try await fixture.start(.endless)
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.openInput(silent)
            }
            let open = try await fixture.start(.endless, input: true)
            let claim = try await host.openInput(open)
            try await host.writeInput(claim, [], end: true)
            await host.closeInput(claim)
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.openInput(open)
            }
            for id in [silent, open] { _ = try await host.stop(id, idempotency: nil) }
        },
        Check(description: "a program without stdin sees its end at once") { fixture in
            let id = try await fixture.start(.echo, input: false)
            try equal(try await fixture.host.wait(id).outcome, .exit(code: 0), "outcome")
        },
        Check(description: "a writer waits for a program that does not read, until it is gone") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless, input: true)
            let claim = try await host.openInput(id)
            try await host.writeInput(
                claim, Array(repeating: 0x61, count: Limits.inputBytes), end: false)
            let writing = Task { () -> HostError? in
                do throws(HostError) {
                    try await host.writeInput(claim, [0x62], end: false)
                } catch { return error }
                return nil
            }
            writing.cancel()
            try equal(await writing.value?.code, .cancelled, "what the write failed with")
            let later = Task { () -> HostError? in
                do throws(HostError) {
                    try await host.writeInput(
                        claim, Array(repeating: 0x63, count: 200_000), end: true)
                } catch { return error }
                return nil
            }
            _ = try await host.stop(id, idempotency: nil)
            try expect(await later.value == nil, "a process that ended swallows its input")
            try await host.writeInput(claim, [0x64], end: true)
            for _ in 0..<2 {
                let late = try await host.openInput(id)
                try await host.writeInput(late, Array(repeating: 0x65, count: 200_000), end: true)
            }
        },
    ]

    static let uploadChecks: [Check] = [
        Check(description: "an upload that stopped goes on where it was") { fixture in
            let host = fixture.host
            let bytes = fixture.module(.lines(50, exit: 3))
            let (digest, space) = (try digest(of: bytes), Namespace(of: alice))
            func begin() async throws -> ModuleUpload {
                try await host.beginUpload(
                    digest, size: UInt64(bytes.count), namespace: space, role: .user)
            }
            let first = try await begin()
            try equal(first.offset, 0, "first offset")
            try await host.append(Array(bytes.prefix(bytes.count / 2)), to: first)
            await host.suspend(first)
            let second = try await begin()
            try expect(second.offset <= UInt64(bytes.count / 2), "offset \(second.offset)")
            try await fails(.aborted) { () async throws(HostError) in
                try await host.append([1], to: first)
            }
            try await host.append(Array(bytes[Int(second.offset)...]), to: second)
            let info = try await host.commit(second)
            try equal(info, ModuleInfo(digest: digest, size: UInt64(bytes.count)), "module")
            let id = try await fixture.start(.lines(50, exit: 3))
            try equal(try await host.wait(id).outcome, .exit(code: 3), "outcome")
        },
        Check(description: "the newest writer of an upload takes over from the one before") {
            fixture in
            let host = fixture.host
            let bytes = fixture.module(.lines(50, exit: 3))
            let (digest, size) = (try digest(of: bytes), UInt64(bytes.count))
            let half = bytes.count / 2
            func begin() async throws(HostError) -> ModuleUpload {
                try await host.beginUpload(
                    digest, size: size, namespace: Namespace(of: alice), role: .user)
            }
            let old = try await begin()
            try await host.append(Array(bytes.prefix(half)), to: old)
            let new = try await begin()
            try equal(new.offset, UInt64(half), "where the new writer goes on")
            try await fails(.aborted) { () async throws(HostError) in
                try await host.append(Array(bytes[half...]), to: old)
            }
            try await fails(.aborted) { () async throws(HostError) in
                try await host.commit(old)
            }
            await host.suspend(old)
            try await host.append(Array(bytes[half...]), to: new)
            _ = try await host.commit(new)
            let late = try await begin()
            try equal(late.offset, size, "what is left to send of a module that is here")
            try equal(
                try await host.commit(late), ModuleInfo(digest: digest, size: size), "module")
            let id = try await fixture.start(.lines(50, exit: 3))
            try equal(try await host.wait(id).outcome, .exit(code: 3), "outcome")
        },
        Check(description: "foreign uploads of the same module are not in the way") {
            fixture in
            let host = fixture.host
            let bytes = fixture.module(.lines(1, exit: 0))
            let (digest, size) = (try digest(of: bytes), UInt64(bytes.count))
            let own = try await host.beginUpload(
                digest, size: size, namespace: Namespace(of: alice), role: .user)
            let foreign = try await host.beginUpload(
                digest, size: size, namespace: Namespace(of: bob), role: .user)
            try await host.append(bytes, to: foreign)
            _ = try await host.commit(foreign)
            try equal(
                try await host.module(.digest(digest), in: Namespace(of: alice)), nil,
                "alice's module, whose bytes only bob sent")
            try await host.append(bytes, to: own)
            _ = try await host.commit(own)
        },
        Check(description: "other bytes than the digest's are data loss and leave nothing") {
            fixture in
            let host = fixture.host
            var bytes = fixture.module(.lines(1, exit: 0))
            let digest = try digest(of: bytes)
            let space = Namespace(of: alice)
            bytes[bytes.count - 1] ^= 1
            let upload = try await host.beginUpload(
                digest, size: UInt64(bytes.count), namespace: space, role: .user)
            try await host.append(bytes, to: upload)
            try await fails(.dataLoss) { () async throws(HostError) in try await host.commit(upload)
            }
            try equal(try await host.module(.digest(digest), in: space), nil, "module")
            let again = try await host.beginUpload(
                digest, size: UInt64(bytes.count), namespace: space, role: .user)
            try equal(again.offset, 0, "offset after the wrong bytes")
        },
        Check(description: "too many, too few and too large are refused") { fixture in
            let host = fixture.host
            let bytes = fixture.module(.lines(1, exit: 0))
            let (digest, space) = (try digest(of: bytes), Namespace(of: alice))
            for size in [0, Limits.moduleBytes + 1] {
                try await fails(.invalidArgument) { () async throws(HostError) in
                    try await host.beginUpload(
                        digest, size: size, namespace: space, role: .operator)
                }
            }
            let upload = try await host.beginUpload(
                digest, size: UInt64(bytes.count), namespace: space, role: .user)
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.append(bytes + [0], to: upload)
            }
            try await host.append(Array(bytes.dropLast()), to: upload)
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.commit(upload)
            }
        },
        Check(description: "a user has four unfinished uploads and 2 GiB of modules") { fixture in
            let host = fixture.host
            let space = Namespace(of: alice)
            func begin(_ number: UInt8, _ size: UInt64, _ role: Role) async throws(HostError)
                -> ModuleUpload
            {
                guard let digest = ModuleDigest(bytes: SHA256.hash([number])) else {
                    throw HostError(.internal, "digest")
                }
                return try await host.beginUpload(digest, size: size, namespace: space, role: role)
            }
            for number in 0..<4 { _ = try await begin(UInt8(number), 1_000, .user) }
            try await fails(.resourceExhausted) { () async throws(HostError) in
                try await begin(4, 1_000, .user)
            }
            _ = try await begin(4, 1_000, .operator)
        },
    ]

    private static func digest(of bytes: [UInt8]) throws -> ModuleDigest {
        try unwrap(ModuleDigest(bytes: SHA256.hash(bytes)), "digest")
    }
}
