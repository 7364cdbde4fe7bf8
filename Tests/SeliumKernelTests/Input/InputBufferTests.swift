import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The stdin of a process", .inTurn())
struct InputBufferTests {
    @Test("bytes come out as they went in, in bounds", arguments: 0..<20 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var buffer = InputBuffer(takesInput: true, capacity: 100)
        let token = try buffer.open()
        var written: [UInt8] = []
        var read: [UInt8] = []
        for _ in 0..<1_000 {
            if Bool.random(using: &random) {
                let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                let before = buffer.count
                let taken = try buffer.write(bytes[...], token: token)
                if taken != min(bytes.count, 100 - before) { Issue.record("\(taken) taken") }
                written += bytes.prefix(taken)
            } else {
                switch buffer.read(atMost: Int.random(in: 1...80, using: &random)) {
                case .bytes(let bytes): read += bytes
                case .wait:
                    if read.count != written.count { Issue.record("a wait with bytes there") }
                case .end: Issue.record("an end that nobody said")
                }
            }
            if buffer.count != written.count - read.count || buffer.count > 100 {
                Issue.record("\(buffer.count) bytes wait")
            }
        }
        buffer.finish(token: token)
        while case .bytes(let bytes) = buffer.read(atMost: 7) { read += bytes }
        #expect(read == written)
        #expect(buffer.read(atMost: 1) == .end)
    }

    @Test("one writer at a time; an old claim is worth nothing")
    func claims() throws {
        var buffer = InputBuffer(takesInput: true)
        let first = try buffer.open()
        #expect(throws: KernelError.self) { try buffer.open() }
        buffer.release(first)
        let second = try buffer.open()
        #expect(throws: KernelError.self) { try buffer.write([1], token: first) }
        buffer.finish(token: first)
        buffer.release(first)
        #expect(try buffer.write([1], token: second) == 1)
        buffer.finish(token: second)
        #expect(throws: KernelError.self) { try buffer.write([1], token: second) }
        buffer.release(second)
        let error = #expect(throws: KernelError.self) { try buffer.open() }
        #expect(error?.code == .ended)
    }

    @Test("a process that ended swallows everything")
    func closed() throws {
        var buffer = InputBuffer(takesInput: true, capacity: 10)
        let token = try buffer.open()
        #expect(try buffer.write(Array(repeating: 1, count: 20)[...], token: token) == 10)
        buffer.close()
        #expect(try buffer.write(Array(repeating: 1, count: 20)[...], token: token) == 20)
        #expect(buffer.count == 0)
        #expect(buffer.read(atMost: 1) == .end)
    }

    @Test("without input the end is there from the start")
    func none() {
        var buffer = InputBuffer(takesInput: false)
        #expect(buffer.isReadable)
        #expect(buffer.read(atMost: 1) == .end)
        #expect(throws: KernelError.self) { try buffer.open() }
    }
}
