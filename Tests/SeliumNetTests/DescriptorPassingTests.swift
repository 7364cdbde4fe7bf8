import Glibc
import NIOCore
import SeliumNet
import SeliumTesting
import Testing

@Suite("Descriptors over Unix sockets", .inTurn(minutes: 2))
struct DescriptorPassingTests {
    private let wait = Duration.seconds(30)

    /// How many descriptors this process has open that are the same socket as this one.
    private func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    @Test("a listener is handed over with its first byte, and serves at the other end")
    func listener() async throws {
        let (sender, receiver) = try UnixStream.pair()
        let original = try await TCPListener.bind(anyPort)
        var bytes = ByteBuffer(string: "here it is")
        try await sender.send([original.descriptor], with: &bytes, within: wait)
        #expect(bytes.readableBytes == 0)
        original.close()
        var buffer = ByteBuffer()
        let (count, descriptors) = try await receiver.receiveDescriptors(
            into: &buffer, within: wait)
        #expect(count == 10)
        #expect(String(buffer: buffer) == "here it is")
        let handed = try #require(descriptors.first?.take())
        #expect(descriptors.count == 1)
        #expect(fcntl(handed, F_GETFD) & FD_CLOEXEC != 0)
        let adopted = try Network.unrestricted.adoptTCPListener(handed)
        let client = try await TCPStream.connect(to: adopted.localAddress)
        #expect(try await adopted.accept(within: wait).remoteAddress == client.localAddress)
    }

    @Test("to and from a peer written by others")
    func foreignPeer() async throws {
        let address = try UnixAddress(abstract: "selium-\(UInt32.random(in: 0 ... .max))")
        let listener = try UnixListener.bind(address)
        // It writes through the descriptor it gets, and sends the reading end of a pipe of its own.
        let script = """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX); s.connect(b"\\0" + sys.argv[1].encode())
            data, fds, flags, _ = socket.recv_fds(s, 100, 4)
            t = socket.socket(fileno=fds[0]); t.sendall(b"through " + data); t.close()
            r, w = os.pipe(); os.write(w, b"piped"); os.close(w)
            socket.send_fds(s, [b"pipe"], [r, r])
            """
        async let printed = python(script, [String(address.description.dropFirst())])
        let stream = try await listener.accept(within: .seconds(60))
        let (near, far) = try UnixStream.pair()
        var bytes = ByteBuffer(string: "passed")
        try await stream.send([far.socket.descriptor], with: &bytes, within: wait)
        far.close()
        #expect(String(buffer: try await near.readAll()) == "through passed")
        var buffer = ByteBuffer()
        let (count, descriptors) = try await stream.receiveDescriptors(into: &buffer, within: wait)
        #expect(count == 4)
        #expect(descriptors.count == 2)
        let end = try #require(descriptors.last?.descriptor)
        var text = [UInt8](repeating: 0, count: 10)
        #expect(unsafe read(end, &text, 10) == 5)
        #expect(text.starts(with: "piped".utf8))
        _ = try await printed
    }

    @Test("more than are wanted are all closed, and nobody gets a part of them")
    func truncation() async throws {
        let (sender, receiver) = try UnixStream.pair()
        let (near, far) = try UnixStream.pair()
        var bytes = ByteBuffer(string: "x")
        let copies = [Int32](repeating: far.socket.descriptor, count: 3)
        try await sender.send(copies, with: &bytes)
        far.close()
        var buffer = ByteBuffer()
        let error = await failure { () throws(NetError) in
            _ = try await receiver.receiveDescriptors(into: &buffer, maximum: 2, within: wait)
        }
        #expect(error.code == .truncated)
        // The last of them is closed when the other end of the pair reads its end.
        #expect(try await near.readAll().readableBytes == 0)
        bytes = ByteBuffer(string: "y")
        try await sender.write(&bytes)
        let (count, none) = try await receiver.receiveDescriptors(into: &buffer, within: wait)
        #expect(count == 1)
        #expect(none.isEmpty)
    }

    @Test("253 go at once, none and 254 do not, and an ordinary read closes what came along")
    func limits() async throws {
        let (sender, receiver) = try UnixStream.pair()
        let (near, far) = try UnixStream.pair()
        var bytes = ByteBuffer(string: "x")
        let most = UnixStream.maximumDescriptors
        #expect(most == 253)
        for number in [0, most + 1] {
            let error = await failure { () throws(NetError) in
                try await sender.send(
                    [Int32](repeating: far.socket.descriptor, count: number), with: &bytes)
            }
            #expect(error.code == .invalidArgument)
        }
        try await sender.send([Int32](repeating: far.socket.descriptor, count: most), with: &bytes)
        var buffer = ByteBuffer()
        var all: [OwnedDescriptor]? = try await receiver.receiveDescriptors(
            into: &buffer, within: wait
        ).descriptors
        #expect(all?.count == most)
        all = nil
        bytes = ByteBuffer(string: "z")
        try await sender.send([far.socket.descriptor], with: &bytes)
        far.close()
        #expect(try await receiver.read(into: &buffer, within: wait) == 1)
        #expect(try await near.readAll().readableBytes == 0)
        sender.close()
        let (count, _) = try await receiver.receiveDescriptors(into: &buffer, within: wait)
        #expect(count == 0)
    }

    @Test("an owned descriptor is closed once, by whom it was given to")
    func ownership() throws {
        let (one, _) = try UnixStream.pair()
        var owned: OwnedDescriptor? = try OwnedDescriptor(duplicating: one.socket.descriptor)
        let taken = try #require(owned?.take())
        #expect(owned?.take() == nil)
        #expect(owned?.descriptor == nil)
        owned = nil
        #expect(isOpen(taken))
        owned = OwnedDescriptor(owning: taken)
        #expect(owned?.descriptor == taken)
        #expect(throws: NetError.self) { try OwnedDescriptor(duplicating: -1) }
    }
}
