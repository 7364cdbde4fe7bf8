import Foundation
import SeliumNet
import SeliumTesting
import Testing

@Suite("The example programs", .inTurn(minutes: 2))
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

    @Test(
        "a listener goes from an old process to a new one, and what connected meanwhile is served")
    func handOver() async throws {
        let name = "@hand-over-\(UInt32.random(in: 0 ... .max))"
        let old = try Example("example-hand-over", ["old", name, "127.0.0.1:0"])
        let place = try address(old)
        let early = try await TCPStream.connect(to: place)
        let new = try Example("example-hand-over", ["new", name])
        #expect(try address(new) == place)
        #expect(old.nextLine() == "successor: process \(new.process.processIdentifier)")
        old.process.waitUntilExit()
        #expect(old.process.terminationStatus == 0)
        #expect(String(buffer: try await early.readAll()) == "the new one\n")
        let late = try await TCPStream.connect(to: place)
        #expect(String(buffer: try await late.readAll()) == "the new one\n")
    }

    @Test("what one process says to a group another one prints")
    func multicast() async throws {
        // Holds a port that nobody else gets meanwhile.
        let holder = try await UDPSocket.bind("0.0.0.0:0", options: UDPOptions(reuseAddress: true))
        let place = "239.78.1.\(UInt8.random(in: 1...250)):\(holder.localAddress.port)"
        let listening = try Example("example-multicast", [place])
        #expect(listening.announcement == "listening on 0.0.0.0:\(holder.localAddress.port)")
        _ = try Example("example-multicast", [place, "to whom it may concern"])
        #expect(listening.nextLine() == "127.0.0.1 to whom it may concern")
    }

    @Test(
        "an example has less than forty lines and imports nothing but the room",
        arguments: ["Echo", "HandOver", "Multicast", "Resolve"])
    func size(name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "Sources/Examples/Hosts/\(name)/\(name).swift"),
            encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count < 40)
        #expect(lines.filter { $0.hasPrefix("import") } == ["import SeliumNet"])
    }

    @Test("what a name server by others knows is printed, and that there is no mail")
    func resolve() async throws {
        let zone = """
            $TTL 300
            @ SOA ns hostmaster 1 3600 600 86400 60
            @ NS ns
            @ A 192.0.2.1
            @ MX 10 mail
            ns A 192.0.2.2
            """
        try await NameServer.nsd(["example.test": zone]) { server in
            let mail = try Example("example-resolve", ["example.test", "\(server.address)"])
            #expect(mail.announcement == "address 192.0.2.1")
            #expect(mail.nextLine() == "mail 10 mail.example.test")
            let none = try Example("example-resolve", ["ns.example.test", "\(server.address)"])
            #expect(none.announcement == "address 192.0.2.2")
            #expect(none.nextLine() == "no mail")
        }
    }

    @Test("the documents show the programs as they are", arguments: ["Echo", "Resolve"])
    func quoted(name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().resolvingSymlinksInPath()
        let text = try String(
            contentsOf: root.appending(path: "Sources/Examples/Hosts/\(name)/\(name).swift"),
            encoding: .utf8)
        let checkout = root.appending(path: "Sources").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let document = try String(
            contentsOf: checkout.appending(path: "docs/networking.md"), encoding: .utf8)
        #expect(document.contains(text))
    }
}
