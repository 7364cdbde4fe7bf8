import Glibc
import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("Output that nobody reads", .inTurn(minutes: 2))
struct SinkTests {
    /// Both ends of a pipe.
    private func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    /// All there is until `isEnd` says so, on a thread of its own.
    private func read(_ descriptor: Int32, until isEnd: @escaping @Sendable ([UInt8]) -> Bool)
        async -> [UInt8]
    {
        await BlockingQueue("test.read").run(cancelled: []) {
            var all: [UInt8] = []
            while !isEnd(all) {
                var part = [UInt8](repeating: 0, count: 65_536)
                let count = unsafe Glibc.read(descriptor, &part, part.count)
                guard count > 0 else { break }
                all += part.prefix(count)
            }
            return all
        }
    }

    @Test("What is posted beyond the limit is left out and counted", arguments: [false, true])
    func bound(_ isJSON: Bool) async throws {
        let ends = try pipe()
        let sink = DescriptorSink(ends.write)
        let message = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
        let posted = 48
        for _ in 0..<posted { sink.post(message, asJSON: isJSON) }
        async let reading = read(ends.read) { _ in false }
        await sink.drain()
        close(ends.write)
        let all = await reading
        close(ends.read)
        // One may have gone into the pipe itself.
        let most = DescriptorSink.maximumPosted / message.count + 1
        let taken = all.count { $0 == UInt8(ascii: "x") } / message.count
        #expect(taken == most || taken == most - 1, "\(taken)")
        let notes = String(decoding: all.filter { $0 != UInt8(ascii: "x") }, as: UTF8.self)
        var lost = 0
        for note in notes.split(separator: "\n") {
            let count = note.split(separator: " ").compactMap { Int($0) }.first ?? 0
            let text =
                "left out \(count) messages (\(count * message.count) bytes) that came faster than they were read"
            let whole = isJSON ? #"{"level":"warning","message":"\#(text)"}"# : "selium: \(text)"
            #expect(note == whole)
            lost += count
        }
        #expect(taken + lost == posted)
    }

    @Test("Nothing posted, nothing waited for; what was posted comes before the end")
    func drain() async throws {
        let ends = try pipe()
        let sink = DescriptorSink(ends.write)
        await sink.drain()
        sink.post(Array("a\n".utf8))
        sink.post(Array("b\n".utf8))
        await sink.drain()
        close(ends.write)
        #expect(await read(ends.read) { _ in false } == Array("a\nb\n".utf8))
        close(ends.read)
    }
}
