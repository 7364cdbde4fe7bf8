import Foundation
import Glibc
import NIOCore
import SeliumNet
import SeliumTesting
import Testing

@Suite("Unix sockets", .inTurn(minutes: 2))
struct UnixTests {
    private let wait = Duration.seconds(30)

    private func name() -> UnixAddress {
        // 22 bytes: never too long and never empty.
        try! UnixAddress(abstract: "selium-\(UInt32.random(in: 0 ... .max))")
    }

    @Test("a path is made by listening and gone after closing; a stranger's file there stays")
    func paths() async throws {
        try await withDirectory { directory in
            let address = try UnixAddress(path: directory + "/s")
            let listener = try UnixListener.bind(address, options: UnixOptions(backlog: 4))
            #expect(listener.localAddress == address)
            #expect(FileManager.default.fileExists(atPath: directory + "/s"))
            async let accepted = listener.accept(within: wait)
            let client = try await UnixStream.connect(to: address, within: wait)
            let server = try await accepted
            #expect(client.remoteAddress == address)
            #expect(client.localAddress == .unnamed)
            #expect(server.remoteAddress == .unnamed)
            try await client.write("over a path")
            try client.shutdown(.write)
            #expect(String(buffer: try await server.readAll()) == "over a path")
            var error = await failure { () throws(NetError) in _ = try UnixListener.bind(address) }
            #expect(error.code == .addressInUse)
            let replacing = UnixOptions(replacesStale: true)
            error = await failure { () throws(NetError) in
                _ = try UnixListener.bind(address, options: replacing)
            }
            #expect(error.code == .addressInUse)
            // A file whose listener is gone without cleaning up.
            let leftover = try UnixAddress(path: directory + "/left")
            let gone = try UnixListener.bind(leftover)
            try FileManager.default.moveItem(
                atPath: directory + "/left", toPath: directory + "/kept")
            gone.close()
            let stale = try UnixAddress(path: directory + "/kept")
            error = await failure { () throws(NetError) in
                _ = try await UnixStream.connect(to: stale)
            }
            #expect(error.code == .refused)
            let replaced = try UnixListener.bind(stale, options: replacing)
            replaced.close()
            try Data().write(to: URL(fileURLWithPath: directory + "/file"))
            error = await failure { () throws(NetError) in
                _ = try UnixListener.bind(
                    try! UnixAddress(path: directory + "/file"), options: replacing)
            }
            #expect(error.code == .addressInUse)
            listener.close()
            #expect(!FileManager.default.fileExists(atPath: directory + "/s"))
            error = await failure { () throws(NetError) in
                _ = try await UnixStream.connect(to: address)
            }
            #expect(error.code == .notFound)
        }
    }

    @Test("an abstract name has no file, and a client written by others finds it")
    func abstractNames() async throws {
        let address = name()
        let listener = try UnixListener.bind(address)
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX); s.connect(b"\\0" + sys.argv[1].encode())
            s.sendall(b"found"); s.shutdown(socket.SHUT_WR); print(s.recv(100).decode())
            """
        async let printed = python(script, [String(address.description.dropFirst())])
        let stream = try await listener.accept(within: .seconds(60))
        #expect(String(buffer: try await stream.readAll()) == "found")
        try await stream.write("you")
        stream.close()
        #expect(try await printed == "you\n")
        listener.close()
        let again = try UnixListener.bind(address)
        #expect(again.localAddress == address)
    }

    @Test("the kernel says who the peer is")
    func credentials() async throws {
        let listener = try UnixListener.bind(name())
        async let accepted = listener.accept(within: wait)
        let client = try await UnixStream.connect(to: listener.localAddress)
        for stream in [try await accepted, client] {
            let credentials = try stream.peerCredentials
            #expect(credentials.processID == getpid())
            #expect(credentials.userID == geteuid())
            #expect(credentials.groupID == getegid())
        }
    }

    @Test("connecting waits while the queue is full, and reads and writes end as with TCP")
    func waits() async throws {
        let listener = try UnixListener.bind(name(), options: UnixOptions(backlog: 1))
        let address = listener.localAddress
        var clients: [UnixStream] = []
        var last: NetError?
        while last == nil {
            do throws(NetError) {
                clients.append(
                    try await UnixStream.connect(to: address, within: .milliseconds(20)))
            } catch {
                last = error
            }
        }
        #expect(last?.code == .timedOut)
        async let late = UnixStream.connect(to: address, within: wait)
        let first = try #require(try listener.tryAccept())
        clients.append(try await late)
        let shutdown = GracefulShutdown()
        async let stopped = failure { () throws(NetError) in
            var buffer = ByteBuffer()
            _ = try await first.read(into: &buffer, until: shutdown.token)
        }
        shutdown.initiate()
        #expect(await stopped.isInterruption)
        var much = numbered(4 << 20)
        let error = await failure { () throws(NetError) in
            try await first.write(&much, within: .milliseconds(20))
        }
        #expect(error.code == .timedOut)
        #expect(much.readableBytes > 0 && much.readerIndex > 0)
        let accepting = Task { try await listener.accept(until: shutdown.token) }
        await #expect(throws: NetError.self) { try await accepting.value }
    }

    @Test("connections of a Unix listener are served, and the sequence ends with the listener")
    func serve() async throws {
        let listener = try UnixListener.bind(name())
        let address = listener.localAddress
        async let serving: Void = listener.serve(limit: 2) { stream in
            var buffer = ByteBuffer()
            while try await stream.read(into: &buffer, within: .seconds(30)) > 0 {
                try await stream.write(&buffer)
            }
        }
        for _ in 0..<5 {
            let client = try await UnixStream.connect(to: address, within: wait)
            try await client.write("echo")
            try client.shutdown(.write)
            #expect(String(buffer: try await client.readAll()) == "echo")
        }
        listener.close()
        try await serving
    }

    @Test("datagrams between sockets with names, and one without")
    func datagrams() async throws {
        try await withDirectory { directory in
            let receiver = try UnixDatagramSocket.bind(try UnixAddress(path: directory + "/d"))
            let named = try UnixDatagramSocket.bind(name())
            let nameless = try UnixDatagramSocket.bind()
            for (socket, text) in [(named, "one"), (nameless, "two")] {
                try await socket.send(ByteBuffer(string: text), to: receiver.localAddress)
                var buffer = ByteBuffer()
                let received = try await receiver.receive(into: &buffer, within: wait)
                #expect(received.sender == socket.localAddress)
                #expect(String(buffer: buffer) == text)
            }
            // Nothing is dropped: who sends too much waits.
            let error = await failure { () throws(NetError) in
                while true {
                    try await named.send(
                        numbered(1_000), to: receiver.localAddress, within: .milliseconds(20))
                }
            }
            #expect(error.code == .timedOut)
            receiver.close()
            #expect(!FileManager.default.fileExists(atPath: directory + "/d"))
            let gone = await failure { () throws(NetError) in
                try await named.send(ByteBuffer(string: "x"), to: receiver.localAddress)
            }
            #expect(gone.code == .notFound)
        }
    }
}
