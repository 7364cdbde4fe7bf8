import Glibc
import NIOCore
import SeliumNet
import SeliumTesting
import Synchronization
import Testing

@Suite("TCP when things go wrong", .inTurn(minutes: 2))
struct TCPFaultTests {
    @Test("one direction ends and the other goes on")
    func halfClose() async throws {
        let (client, server) = try await connectedPair()
        try client.shutdown(.write)
        #expect(try await server.readAll().readableBytes == 0)
        try await server.write("still here")
        var buffer = ByteBuffer()
        try await client.read(into: &buffer, upTo: 10, within: .seconds(30))
        #expect(String(buffer: buffer) == "still here")
        try client.shutdown(.read)
        #expect(try await client.read(into: &buffer, within: .seconds(30)) == 0)
    }

    @Test("a peer written by others that resets is a reset, with the address and the errno")
    func reset() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let script = """
            import socket, struct, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.recv(1); s.close()
            """
        async let printed = python(script, ["\(listener.localAddress.port)"])
        let stream = try await listener.accept(within: .seconds(60))
        try await stream.write("x")
        let error = await failure { () throws(NetError) in
            var buffer = ByteBuffer()
            while try await stream.read(into: &buffer, within: .seconds(30)) > 0 {}
        }
        #expect(error.code == .reset)
        #expect(error.errnoName == "ECONNRESET")
        #expect(error.address == .ip(stream.remoteAddress))
        #expect(!error.isInterruption)
        _ = try await printed
    }

    @Test("nobody reads any more: an error and no signal")
    func brokenPipe() async throws {
        let (client, server) = try await connectedPair()
        server.close()
        #expect(try await client.readAll().readableBytes == 0)
        #expect(try signalsAndError(writingTo: client) == (false, .brokenPipe))
    }

    /// A signal for a broken pipe goes to the thread that writes, so it may not change in between.
    private func signalsAndError(writingTo stream: TCPStream) throws -> (Bool, NetError.Code) {
        var (mask, before, pending) = (sigset_t(), sigset_t(), sigset_t())
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &mask, &before)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        while true {
            var buffer = ByteBuffer(string: "x")
            do throws(NetError) {
                _ = try stream.tryWrite(&buffer)
            } catch {
                if error.code == .reset { continue }
                unsafe sigpending(&pending)
                return (unsafe sigismember(&pending, SIGPIPE) == 1, error.code)
            }
        }
    }

    @Test("a read that is over before anything came loses nothing, a thousand times")
    func cancelledReads() async throws {
        let (client, server) = try await connectedPair()
        let sent = numbered(400_000)
        let received = Locked(ByteBuffer())
        func read() -> Task<Int, any Error> {
            Task { () throws -> Int in
                var buffer = ByteBuffer()
                let count = try await server.read(into: &buffer, atMost: 700, within: .seconds(30))
                received.withLock { _ = $0.writeBuffer(&buffer) }
                return count
            }
        }
        // Before anything is sent a read cannot end in another way, however busy the machine is.
        for _ in 0..<10 {
            let reading = read()
            await Task.yield()
            reading.cancel()
            let error = await #expect(throws: NetError.self) { try await reading.value }
            #expect(error?.code == .cancelled)
        }
        async let writing: Void = {
            var rest = sent
            while var piece = rest.readSlice(length: min(400, rest.readableBytes)),
                piece.readableBytes > 0
            {
                try await client.write(&piece)
                await Task.yield()
            }
            try client.shutdown(.write)
        }()
        var cancelled = 0
        var isOver = false
        while !isOver {
            let reading = read()
            if cancelled < 1_000 {
                await Task.yield()
                reading.cancel()
            }
            do {
                isOver = try await reading.value == 0
            } catch let error as NetError {
                #expect(error.code == .cancelled)
                #expect(error.errno == nil)
                cancelled += 1
            }
        }
        try await writing
        #expect(received.withLock { $0 } == sent)
    }

    @Test(
        "a peer that never reads: a write ends in time or when cancelled, and every byte is accounted for"
    )
    func stuckWrites() async throws {
        let (client, server) = try await connectedPair()
        let sent = numbered(24 << 20)
        var rest = sent
        var error = await failure { () throws(NetError) in
            try await client.write(&rest, within: .milliseconds(50))
        }
        #expect(error.code == .timedOut)
        #expect(rest.readableBytes > 0 && rest.readableBytes < sent.readableBytes)
        let left = Locked(rest)
        let writing = Task { () throws -> Void in
            var rest = left.withLock { $0 }
            defer { left.withLock { [rest] in $0 = rest } }
            try await client.write(&rest)
        }
        writing.cancel()
        error = await failure { () throws(NetError) in
            do {
                try await writing.value
            } catch {
                throw error as! NetError
            }
        }
        #expect(error.code == .cancelled)
        rest = left.withLock { $0 }
        async let all = server.readAll()
        try await client.write(&rest, within: .seconds(60))
        try client.shutdown(.write)
        #expect(try await all == sent)
    }

    @Test("the deadline of a read, given or set, and the data that comes later")
    func deadlines() async throws {
        let (client, server) = try await connectedPair()
        var buffer = ByteBuffer()
        var error = await failure { () throws(NetError) in
            _ = try await server.read(into: &buffer, within: .milliseconds(10))
        }
        #expect(error.code == .timedOut)
        server.readTimeout = .milliseconds(10)
        error = await failure { () throws(NetError) in _ = try await server.read(into: &buffer) }
        #expect(error.code == .timedOut)
        #expect(server.readTimeout == .milliseconds(10))
        server.readTimeout = nil
        client.writeTimeout = .milliseconds(10)
        error = await failure { () throws(NetError) in
            var much = numbered(24 << 20)
            try await client.write(&much)
        }
        #expect(error.code == .timedOut)
        #expect(try await server.read(into: &buffer, within: .seconds(30)) > 0)
    }

    @Test("a shutdown ends reads, writes and accepts, those that wait and those that come")
    func shutdownToken() async throws {
        let (client, server) = try await connectedPair()
        let (silent, held) = try await connectedPair()
        let listener = try await TCPListener.bind(anyPort)
        let shutdown = GracefulShutdown()
        let token = shutdown.token
        async let reading = failure { () throws(NetError) in
            var buffer = ByteBuffer()
            _ = try await silent.read(into: &buffer, until: token)
        }
        async let writing = failure { () throws(NetError) in
            var much = numbered(24 << 20)
            try await server.write(&much, until: token)
        }
        async let accepting = failure { () throws(NetError) in
            _ = try await listener.accept(until: token)
        }
        // The write has begun when its bytes are there; the others wait now or come to late.
        try await client.waitReadableForTest()
        shutdown.initiate()
        for error in [await reading, await writing, await accepting] {
            #expect(error.code == .shutDown)
            #expect(error.isInterruption)
        }
        withExtendedLifetime(held) {}
        let late = await failure { () throws(NetError) in
            _ = try await listener.accept(until: token)
        }
        #expect(late.code == .shutDown)
    }

    @Test("closing ends what waits")
    func closing() async throws {
        let (client, server) = try await connectedPair()
        async let error = failure { () throws(NetError) in
            var buffer = ByteBuffer()
            _ = try await client.read(into: &buffer)
        }
        client.close()
        client.close()
        #expect(await error.code == .closed)
        #expect(throws: NetError.self) { try client.shutdown(.both) }
        #expect(try await server.readAll().readableBytes == 0)
    }

    @Test("a second task that reads is told so")
    func busy() async throws {
        let (client, server) = try await connectedPair()
        let outcomes = await withTaskGroup(of: NetError.Code?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var buffer = ByteBuffer()
                    do throws(NetError) {
                        _ = try await client.read(into: &buffer, within: .seconds(30))
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            // The first that ends is the one that was refused; only then the other has something.
            var codes = [await group.next()!]
            try? await server.write("x")
            codes.append(await group.next()!)
            return codes
        }
        #expect(outcomes == [.busy, nil])
    }

    @Test("nobody listens there; somebody listens there already")
    func refusals() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let address = listener.localAddress
        var error = await failure { () throws(NetError) in _ = try await TCPListener.bind(address) }
        #expect(error.code == .addressInUse)
        #expect(error.errnoName == "EADDRINUSE")
        #expect(error.address == .ip(address))
        listener.close()
        error = await failure { () throws(NetError) in
            _ = try await TCPStream.connect(to: address, within: .seconds(30))
        }
        #expect(error.code == .refused)
        error = await failure { () throws(NetError) in
            _ = try await TCPListener.bind("192.0.2.1:0")
        }
        #expect(error.code == .addressUnavailable)
        error = await failure { () throws(NetError) in
            _ = try await TCPStream.connect(to: "nothing")
        }
        #expect(error.code == .invalidAddress)
    }

    @Test("connecting to a listener whose queue is full ends in time")
    func connectDeadline() async throws {
        let listener = try await TCPListener.bind(anyPort, options: ListenOptions(backlog: 1))
        var streams: [TCPStream] = []
        var last: NetError?
        while last == nil {
            do throws(NetError) {
                streams.append(
                    try await TCPStream.connect(
                        to: listener.localAddress, within: .milliseconds(100)))
            } catch {
                last = error
            }
        }
        #expect(last?.code == .timedOut)
        #expect(!streams.isEmpty)
    }
}

extension TCPStream {
    /// Until the kernel has bytes for it, though another task reads.
    func waitReadableForTest() async throws {
        var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&descriptor, 1, 0) == 0 { await Task.yield() }
    }
}
