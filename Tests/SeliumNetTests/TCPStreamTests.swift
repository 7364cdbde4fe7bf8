import NIOCore
import SeliumNet
import SeliumTesting
import Testing

@Suite("TCP streams", .inTurn(minutes: 2))
struct TCPStreamTests {
    @Test("both ends know their addresses, and bytes go both ways to the end")
    func echo() async throws {
        let (client, server) = try await connectedPair()
        #expect(client.localAddress == server.remoteAddress)
        #expect(client.remoteAddress == server.localAddress)
        #expect(client.socket.descriptor >= 0)
        try await client.write("hello", within: .seconds(30))
        try client.shutdown(.write)
        let heard = try await server.readAll()
        #expect(String(buffer: heard) == "hello")
        try await server.write("world")
        try await server.flush()
        server.close()
        #expect(String(buffer: try await client.readAll()) == "world")
    }

    @Test("a client written by others gets back a mebibyte unharmed")
    func foreignClient() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let script = """
            import os, socket, sys, threading
            data = os.urandom(1 << 20)
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR))).start()
            back = b""
            while piece := s.recv(65536): back += piece
            print(back == data)
            """
        async let printed = python(script, ["\(listener.localAddress.port)"])
        let stream = try await listener.accept(within: .seconds(60))
        var buffer = ByteBuffer()
        while try await stream.read(into: &buffer, within: .seconds(30)) > 0 {
            try await stream.write(&buffer, within: .seconds(30))
            buffer.clear()
        }
        stream.close()
        #expect(try await printed == "True\n")
    }

    @Test("a server written by others is connected to by each shape of a target")
    func foreignServer() async throws {
        let control = try await TCPListener.bind(anyPort)
        let script = """
            import socket, sys
            l = socket.create_server(("127.0.0.1", 0))
            c = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
            c.sendall(str(l.getsockname()[1]).encode()); c.close()
            for _ in range(5):
                s, peer = l.accept()
                s.sendall(str(peer[1]).encode()); s.close()
            """
        async let printed = python(script, ["\(control.localAddress.port)"])
        let announced = try await control.accept(within: .seconds(60)).readAll()
        let port = try #require(UInt16(String(buffer: announced)))
        func check(_ target: some SocketTargetConvertible) async throws {
            let stream = try await TCPStream.connect(to: target, within: .seconds(30))
            #expect(String(buffer: try await stream.readAll()) == "\(stream.localAddress.port)")
        }
        try await check(SeliumNetCore.SocketAddress(IPv4Address.loopback, port: port))
        try await check(.address(IPv4Address.loopback, port: port))
        try await check(.address(IPAddress(127, 0, 0, 1), port: port))
        try await check(.host("127.0.0.1", port: port))
        try await check("127.0.0.1:\(port)")
        #expect(try await printed == "")
    }

    @Test("what is peeked at is read afterwards")
    func peek() async throws {
        let (client, server) = try await connectedPair()
        try await client.write("abc")
        var (first, second) = (ByteBuffer(), ByteBuffer())
        #expect(try await server.peek(into: &first, atMost: 2, within: .seconds(30)) == 2)
        try await server.read(into: &second, upTo: 3, within: .seconds(30))
        #expect(String(buffer: first) == "ab")
        #expect(String(buffer: second) == "abc")
    }

    @Test("attempts say what they moved, that they would wait, and that it is over")
    func attempts() async throws {
        let (client, server) = try await connectedPair()
        var buffer = ByteBuffer()
        #expect(try server.tryRead(into: &buffer) == .wouldBlock)
        var outgoing = ByteBuffer(string: "xyz")
        #expect(try client.tryWrite(&outgoing) == .moved(3))
        try await server.waitReadable(within: .seconds(30))
        #expect(try server.tryPeek(into: &buffer, atMost: 1) == .moved(1))
        buffer.clear()
        var storage: [UInt8] = [0, 0]
        var span = storage.mutableSpan
        #expect(try server.tryRead(into: &span) == .moved(2))
        #expect(storage == Array("xy".utf8))
        #expect(try server.tryRead(into: &buffer) == .moved(1))
        let word: [UInt8] = [1, 2]
        #expect(try client.tryWrite(word.span) == .moved(2))
        try client.shutdown(.both)
        _ = try await server.readAll()
        #expect(try server.tryRead(into: &buffer) == .ended)
        // A kernel buffer that nobody empties is full some time.
        var much = numbered(1 << 20)
        var last = Attempt.moved(0)
        let (writer, reader) = try await connectedPair()
        var total = 0
        while case .moved(let count) = last {
            total += count
            if much.readableBytes == 0 { much.moveReaderIndex(to: 0) }
            last = try writer.tryWrite(&much)
        }
        #expect(last == .wouldBlock)
        await #expect(throws: NetError.self) {
            try await writer.waitWritable(within: .milliseconds(5))
        }
        async let writable: Void = writer.waitWritable(within: .seconds(30))
        buffer.clear()
        try await reader.read(into: &buffer, upTo: total, within: .seconds(30))
        try await writable
    }

    @Test("options are what they were set to")
    func options() async throws {
        let (client, _) = try await connectedPair()
        #expect(try client.noDelay)
        try client.setNoDelay(false)
        #expect(try !client.noDelay)
        #expect(try !client.keepAlive)
        try client.setKeepAlive(true, idle: .seconds(30), interval: .seconds(5), count: 3)
        #expect(try client.keepAlive)
        #expect(try client.linger == nil)
        try client.setLinger(.zero)
        #expect(try client.linger == .zero)
        // Not cut down to the zero that throws away what is unsent.
        try client.setLinger(.milliseconds(500))
        #expect(try client.linger == .seconds(1))
        try client.setLinger(nil)
        #expect(try client.linger == nil)
        try client.setTTL(7)
        #expect(try client.ttl == 7)
        try client.setSendBufferSize(40_000)
        #expect(try client.sendBufferSize == 80_000)
        try client.setReceiveBufferSize(30_000)
        #expect(try client.receiveBufferSize == 60_000)
        #expect(throws: NetError.self) { try client.setTTL(1_000) }
    }

    @Test("both ends of an IPv6 connection, and an IPv4 client of a socket for both families")
    func families() async throws {
        let six = try await TCPListener.bind("[::1]:0", options: ListenOptions(onlyV6: true))
        #expect(try six.onlyV6)
        async let accepted = six.accept(within: .seconds(30))
        let client = try await TCPStream.connect(to: six.localAddress)
        #expect(try await accepted.remoteAddress == client.localAddress)
        let both = try await TCPListener.bind("[::]:0")
        #expect(try !both.onlyV6)
        async let mapped = both.accept(within: .seconds(30))
        let four = try await TCPStream.connect(
            to: .address(IPv4Address.loopback, port: both.localAddress.port))
        #expect(try await mapped.remoteAddress.address.canonical == four.localAddress.address)
    }

    @Test(
        "one that waits with nothing to read holds little memory, one with much reads much at once")
    func room() async throws {
        let (client, server) = try await connectedPair()
        var idle = ByteBuffer()
        await #expect(throws: NetError.self) {
            var buffer = ByteBuffer()
            defer { idle = buffer }
            _ = try await server.read(into: &buffer, within: .milliseconds(5))
        }
        #expect(idle.capacity <= 8_192)
        async let writing: Void = {
            var much = numbered(4 << 20)
            try await client.write(&much, within: .seconds(30))
            try client.shutdown(.write)
        }()
        var largest = 0
        while true {
            var buffer = ByteBuffer()
            let count = try await server.read(into: &buffer, within: .seconds(30))
            largest = max(largest, count)
            if count == 0 { break }
        }
        try await writing
        #expect(largest >= 32_768)
        #expect(largest <= 65_536)
    }
}
