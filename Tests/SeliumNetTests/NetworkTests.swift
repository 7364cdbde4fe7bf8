import Glibc
import NIOCore
import NIOPosix
import SeliumNet
import SeliumTesting
import Synchronization
import Testing

/// Names and their addresses for one test.
private struct FixedNames: NameResolver {
    var table: [String: [IPAddress]]

    func addresses(
        of name: HostName, within duration: Duration?, until shutdown: ShutdownToken?
    ) async throws(NetError) -> [IPAddress] {
        guard let found = table[name.text] else { throw NetError(.unknownName, doing: .resolve) }
        return found
    }
}

@Suite("A network and its authority", .inTurn(minutes: 2))
struct NetworkTests {
    private let loopback = AddressRange("127.0.0.1/32")!

    @Test("each operation that is not granted is denied, and the error carries the denial")
    func denials() async throws {
        let nothing = Network(authority: .denyAll)
        let address = SeliumNetCore.SocketAddress(IPv4Address.loopback, port: 9)
        func check(
            _ operation: NetworkOperation, _ body: () async throws(NetError) -> Void
        ) async {
            let error = await failure(body)
            #expect(error.code == .denied)
            #expect(error.denial?.operation == operation)
        }
        await check(.connect) { () throws(NetError) in _ = try await nothing.connect(to: address) }
        await check(.resolve) { () throws(NetError) in _ = try await nothing.connect(to: "a.b:1") }
        await check(.bind) { () throws(NetError) in _ = try await nothing.listen(on: address) }
        await check(.bind) { () throws(NetError) in _ = try await nothing.bindUDP(address) }
        let unix = try UnixAddress(abstract: "denied")
        await check(.bind) { () throws(NetError) in _ = try nothing.listen(on: unix) }
        await check(.bind) { () throws(NetError) in _ = try nothing.bindUnixDatagrams(unix) }
        await check(.connect) { () throws(NetError) in _ = try await nothing.connect(to: unix) }
        let half = Network(
            authority: NetworkAuthority(granting: [
                NetworkGrant([.bind], to: .range(loopback))
            ]))
        await check(.listen) { () throws(NetError) in _ = try await half.listen(on: anyPort) }
        let socket = try await half.bindUDP(anyPort)
        await check(.sendTo) { () throws(NetError) in
            try await socket.send(ByteBuffer(string: "x"), to: address)
        }
        await check(.sendTo) { () throws(NetError) in
            _ = try socket.trySend(ByteBuffer(string: "x"), to: address)
        }
        await check(.connect) { () throws(NetError) in try socket.connect(to: address) }
        await check(.joinMulticast) { () throws(NetError) in
            try socket.join(IPv4Address(239, 1, 2, 3))
        }
    }

    @Test("a peer that is not granted is closed, and a sequence passes it over")
    func deniedPeers() async throws {
        let network = Network(
            authority: NetworkAuthority(granting: [
                NetworkGrant([.bind, .listen], to: .range(loopback))
            ]))
        let listener = try await network.listen(on: anyPort)
        let client = try await TCPStream.connect(to: listener.localAddress)
        let error = await failure { () throws(NetError) in
            _ = try await listener.accept(within: .seconds(30))
        }
        #expect(error.denial?.operation == .accept)
        #expect(error.denial?.target == .socket(.tcp, client.localAddress))
        #expect(try await client.readAll().readableBytes == 0)
        _ = try await TCPStream.connect(to: listener.localAddress)
        let shutdown = GracefulShutdown()
        async let streams: Int = {
            var count = 0
            for try await _ in listener.incoming(until: shutdown.token) { count += 1 }
            return count
        }()
        while try listener.tryAcceptDenied() {}
        shutdown.initiate()
        #expect(try await streams == 0)
    }

    @Test(
        "a name's addresses are each asked for, and the first that is allowed and answers is taken")
    func names() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let port = listener.localAddress.port
        let names = FixedNames(table: [
            "here.test": [
                IPAddress(127, 0, 0, 9), IPAddress(127, 0, 0, 1), IPAddress(127, 0, 0, 1),
            ]
        ])
        let open = Network(authority: .unrestricted, resolver: names)
        let stream = try await open.connect(to: "here.test:\(port)", within: .seconds(30))
        #expect(stream.remoteAddress == listener.localAddress)
        #expect(try await open.resolve("here.test:1").count == 2)
        let bound = Network(
            authority: NetworkAuthority(granting: [
                NetworkGrant([.connect], to: .range(loopback)),
                NetworkGrant([.resolve], to: .name("here.test")),
            ]), resolver: names)
        #expect(
            try await bound.connect(to: "here.test:\(port)").remoteAddress
                == listener.localAddress)
        var error = await failure { () throws(NetError) in
            _ = try await open.connect(to: "gone.test:1")
        }
        #expect(error.code == .unknownName)
        listener.close()
        error = await failure { () throws(NetError) in
            _ = try await open.connect(to: .host("here.test", port: port))
        }
        #expect(error.code == .refused)
        #expect(error.address?.socketAddress?.address == IPAddress(127, 0, 0, 9))
    }

    @Test("an address that does not answer keeps nobody from the next one")
    func slowAddress() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let port = listener.localAddress.port
        let deaf = try await TCPListener.bind(
            .address(IPv4Address(127, 0, 0, 3), port: port), options: ListenOptions(backlog: 1))
        var held: [TCPStream] = []
        while let stream = try? await TCPStream.connect(
            to: deaf.localAddress, within: .milliseconds(50))
        {
            held.append(stream)
        }
        let names = FixedNames(table: [
            "two.test": [IPAddress(127, 0, 0, 3), IPAddress(127, 0, 0, 1)]
        ])
        let network = Network(authority: .unrestricted, resolver: names)
        let stream = try await network.connect(to: "two.test:\(port)", within: .seconds(30))
        #expect(stream.remoteAddress == listener.localAddress)
        #expect(!held.isEmpty)
    }

    @Test("the system knows localhost, and a literal asks nobody")
    func systemNames() async throws {
        let found = try await Network.unrestricted.resolve("localhost:80", within: .seconds(30))
        #expect(found.allSatisfy { $0.address.isLoopback && $0.port == 80 })
        let asked = Network(authority: .unrestricted, resolver: SystemResolver())
        let same = try await asked.resolve("localhost:80", within: .seconds(30))
        #expect(!same.isEmpty && same.allSatisfy { $0.address.isLoopback && $0.port == 80 })
        let deaf = Network(authority: .unrestricted, resolver: FixedNames(table: [:]))
        #expect(try await deaf.resolve("[::1]:5").map(\.description) == ["[::1]:5"])
    }

    @Test("descriptors that somebody else opened are taken over as what they are")
    func adoption() async throws {
        let network = Network.unrestricted
        let original = try await TCPListener.bind(anyPort)
        let copy = try #require(OwnedDescriptor(duplicating: original.descriptor).take())
        let listener = try network.adoptTCPListener(copy)
        #expect(listener.localAddress == original.localAddress)
        original.close()
        let client = try await TCPStream.connect(to: listener.localAddress)
        let server = try await listener.accept(within: .seconds(30))
        let again = try network.adoptTCPStream(
            try #require(OwnedDescriptor(duplicating: client.socket.descriptor).take()))
        client.close()
        try await again.write("adopted")
        again.close()
        #expect(String(buffer: try await server.readAll()) == "adopted")
        let udp = try await UDPSocket.bind(anyPort)
        let second = try network.adoptUDPSocket(
            try #require(OwnedDescriptor(duplicating: udp.descriptor).take()))
        #expect(second.localAddress == udp.localAddress)
        let (one, other) = try UnixStream.pair()
        let third = try network.adoptUnixStream(
            try #require(OwnedDescriptor(duplicating: one.socket.descriptor).take()))
        one.close()
        try await third.write("x")
        third.close()
        #expect(try await other.readAll().readableBytes == 1)
        let unix = try UnixListener.bind(
            try UnixAddress(abstract: "adopted-\(UInt32.random(in: 0 ... .max))"))
        let fourth = try network.adoptUnixListener(
            try #require(OwnedDescriptor(duplicating: unix.descriptor).take()))
        unix.close()
        _ = try await UnixStream.connect(to: fourth.localAddress)
        _ = try await fourth.accept(within: .seconds(30))
        // What it is not, and what is no socket, stays the caller's.
        let wrong = try OwnedDescriptor(duplicating: udp.descriptor)
        var error = await failure { () throws(NetError) in
            _ = try network.adoptTCPListener(wrong.descriptor!)
        }
        #expect(error.code == .unsupported)
        #expect(fcntl(wrong.descriptor!, F_GETFD) >= 0)
        error = await failure { () throws(NetError) in _ = try network.adoptUnixListener(-1) }
        #expect(error.errnoName == "EBADF")
        error = await failure { () throws(NetError) in
            _ = try Network(authority: .denyAll).adoptUDPSocket(wrong.descriptor!)
        }
        #expect(error.denial?.operation == .adopt)
    }

    @Test("plain code blocks for any of it, tasks and event loops may not")
    func blocking() async throws {
        let answer = Locked<Result<String, any Error>?>(nil)
        try await NIOThreadPool.singleton.runIfActive {
            let result = Result {
                try withBlocking {
                    let listener = try await TCPListener.bind(anyPort)
                    let client = try await TCPStream.connect(to: listener.localAddress)
                    let server = try await listener.accept()
                    try await client.write("blocked")
                    client.close()
                    return String(buffer: try await server.readAll())
                }
            }
            answer.withLock { $0 = result }
        }
        #expect(try answer.withLock { $0 }?.get() == "blocked")
        @Sendable func refused() -> NetError.Code? {
            do {
                try withBlocking {}
                return nil
            } catch {
                return (error as? NetError)?.code
            }
        }
        #expect(refused() == .wrongThread)
        let onLoop = try await MultiThreadedEventLoopGroup.singleton.next().submit { refused() }
            .get()
        #expect(onLoop == .wrongThread)
    }
}

extension TCPListener {
    /// Takes and loses what waits; whether something did.
    fileprivate func tryAcceptDenied() throws -> Bool {
        do throws(NetError) {
            return try tryAccept() != nil
        } catch {
            return error.code == .denied
        }
    }
}
