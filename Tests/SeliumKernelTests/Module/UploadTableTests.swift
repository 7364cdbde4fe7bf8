import SeliumKernel
import SeliumTesting
import Testing

@Suite("Uploads under way", .inTurn())
struct UploadTableTests {
    static func key(_ number: UInt8) throws -> UploadTable.Key {
        UploadTable.Key(
            namespace: try #require(Namespace("alice")),
            digest: try #require(ModuleDigest(bytes: Array(repeating: number, count: 32))))
    }

    @Test("a resume goes on where the disk was; another size begins anew")
    func resume() throws {
        var table = UploadTable()
        let key = try Self.key(1)
        let first = try table.begin(key, size: 100, role: .user, stored: 0)
        try table.received(60, key: key, token: first.token)
        let letGo = table.suspend(key, token: first.token, durable: 40, now: 0)
        #expect(letGo)
        let second = try table.begin(key, size: 100, role: .user, stored: 0)
        #expect(second.offset == 40)
        let again = table.suspend(key, token: first.token, durable: 0, now: 0)
        #expect(!again)
        table.suspend(key, token: second.token, durable: 100, now: 0)
        #expect(try table.begin(key, size: 99, role: .user, stored: 0).offset == 0)
    }

    @Test("the newest writer takes over: it goes on where the disk is, the old claim is stale")
    func takeOver() throws {
        var table = UploadTable()
        let key = try Self.key(1)
        let old = try table.begin(key, size: 100, role: .user, stored: 0)
        try table.received(60, key: key, token: old.token)
        let new = try table.begin(key, size: 100, role: .user, stored: 0)
        #expect(new.offset == 60)
        #expect(try table.rewind(key, token: new.token, to: 40) == 40)
        for body in [
            { (table: inout UploadTable) throws in try table.received(1, key: key, token: old.token)
            },
            { (table: inout UploadTable) throws in try table.complete(key, token: old.token) },
            { (table: inout UploadTable) throws in
                _ = try table.rewind(key, token: old.token, to: 0)
            },
        ] {
            let error = #expect(throws: KernelError.self) { try body(&table) }
            #expect(error?.code == .superseded)
        }
        let letGo = table.suspend(key, token: old.token, durable: 0, now: 0)
        #expect(!letGo)
        table.remove(key, token: old.token)
        try table.received(60, key: key, token: new.token)
        try table.complete(key, token: new.token)
        let refused = #expect(throws: KernelError.self) {
            try table.begin(key, size: 7, role: .user, stored: 0)
        }
        #expect(refused?.code == .invalid)
        try table.complete(key, token: new.token)
    }

    @Test("more bytes than announced change nothing")
    func tooMany() throws {
        var table = UploadTable()
        let key = try Self.key(1)
        let begun = try table.begin(key, size: 100, role: .user, stored: 0)
        #expect(throws: KernelError.self) { try table.received(101, key: key, token: begun.token) }
        try table.received(100, key: key, token: begun.token)
        try table.complete(key, token: begun.token)
        #expect(throws: KernelError.self) { try table.received(1, key: key, token: begun.token) }
    }

    @Test("a partial is charged with its declared size")
    func quota() throws {
        var table = UploadTable()
        let size = Limits.moduleBytes
        _ = try table.begin(
            Self.key(1), size: size, role: .user, stored: Limits.userModuleBytes - 2 * size)
        _ = try table.begin(
            Self.key(2), size: size, role: .user, stored: Limits.userModuleBytes - 2 * size)
        let error = #expect(throws: KernelError.self) {
            try table.begin(
                Self.key(3), size: 8, role: .user, stored: Limits.userModuleBytes - 2 * size)
        }
        #expect(error?.code == .exhausted)
        _ = try table.begin(Self.key(3), size: 8, role: .operator, stored: .max / 2)
    }

    @Test("what nobody continues for an hour is forgotten; what is being written is not")
    func expiry() throws {
        var table = UploadTable()
        let (idle, busy) = (try Self.key(1), try Self.key(2))
        let begun = try table.begin(idle, size: 100, role: .user, stored: 0)
        table.suspend(idle, token: begun.token, durable: 10, now: 1_000)
        _ = try table.begin(busy, size: 100, role: .user, stored: 0)
        #expect(table.expire(now: 1_000 + Limits.uploadLifetime) == [])
        #expect(table.expire(now: 1_001 + Limits.uploadLifetime) == [idle])
        #expect(table.expire(now: .max) == [])
        #expect(table.count(in: idle.namespace) == 1)
    }
}
