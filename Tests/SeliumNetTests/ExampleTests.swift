import Foundation
import SeliumNet
import Testing

@Suite("The example programs")
struct ExampleTests {
    private func address(_ example: Example) throws -> SocketAddress {
        let words = example.announcement.split(separator: " ")
        return try SocketAddress(parsing: try #require(words.last))
    }

    @Test("the echo server answers a client written by others")
    func echo() async throws {
        let example = try Example("example-echo", ["127.0.0.1:0"])
        let script = """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
            s.sendall(b"x" * 300000); s.shutdown(socket.SHUT_WR)
            print(sum(len(p) for p in iter(lambda: s.recv(65536), b"")))
            """
        let port = try address(example).port
        #expect(try await python(script, ["\(port)"]) == "300000\n")
    }

    @Test("a server out of descriptors serves the others later, and does not spin until then")
    func descriptors() async throws {
        let example = try Example("example-echo", ["127.0.0.1:0"], descriptors: 20)
        let address = try address(example)
        var streams: [TCPStream] = []
        for _ in 0..<24 {
            let stream = try await TCPStream.connect(to: address, within: .seconds(30))
            try await stream.write("x")
            streams.append(stream)
        }
        // The first is answered, the last is not: its connection waits with the kernel.
        var answer = ByteBuffer()
        #expect(try await streams[0].read(into: &answer, within: .seconds(30)) == 1)
        await #expect(throws: NetError.self) {
            var answer = ByteBuffer()
            _ = try await streams[23].read(into: &answer, within: .milliseconds(300))
        }
        let before = try example.cpuSeconds
        await #expect(throws: NetError.self) {
            var answer = ByteBuffer()
            _ = try await streams[23].read(into: &answer, within: .milliseconds(500))
        }
        #expect(try example.cpuSeconds - before < 0.25)
        streams[0].close()
        for stream in streams.dropFirst() {
            #expect(try await stream.read(into: &answer, within: .seconds(30)) == 1)
            stream.close()
        }
    }

    @Test("an example has less than forty lines and imports nothing but the room")
    func size() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "Sources/Examples/Hosts/Echo/Echo.swift"),
            encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count < 40)
        #expect(lines.filter { $0.hasPrefix("import") } == ["import SeliumNet"])
    }
}
