import NIOCore
import SeliumNet
import SeliumTesting
import Synchronization
import Testing

@Suite("TCP listeners", .inTurn(minutes: 2))
struct TCPListenerTests {
    @Test("a connection is there to take, or none is, without waiting")
    func attempts() async throws {
        let listener = try await TCPListener.bind(anyPort)
        #expect(try listener.tryAccept() == nil)
        let client = try await TCPStream.connect(to: listener.localAddress)
        var accepted: TCPStream?
        while accepted == nil { accepted = try listener.tryAccept() }
        #expect(accepted?.remoteAddress == client.localAddress)
        try listener.setTTL(9)
        #expect(try listener.ttl == 9)
        #expect(try !listener.onlyV6)
        #expect(listener.descriptor >= 0)
    }

    @Test("waiting for a connection ends in time, when cancelled, and when closed")
    func waits() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let error = await failure { () throws(NetError) in
            _ = try await listener.accept(within: .milliseconds(10))
        }
        #expect(error.code == .timedOut)
        let accepting = Task { try await listener.accept() }
        accepting.cancel()
        await #expect(throws: NetError.self) { try await accepting.value }
        async let closed = failure { () throws(NetError) in _ = try await listener.accept() }
        listener.close()
        #expect(await closed.code == .closed)
    }

    @Test("no connection is lost to an accept that was cancelled, and many may accept at once")
    func cancelledAccepts() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let address = listener.localAddress
        let ports = Locked(Set<UInt16>())
        let cancelled = (0..<50).map { _ in
            Task {
                let stream = try await listener.accept()
                ports.withLock { _ = $0.insert(stream.remoteAddress.port) }
            }
        }
        for task in cancelled { task.cancel() }
        var clients: [TCPStream] = []
        for _ in 0..<60 { clients.append(try await TCPStream.connect(to: address)) }
        for task in cancelled { try? await task.value }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<(60 - ports.withLock(\.count)) {
                group.addTask {
                    let stream = try await listener.accept(within: .seconds(30))
                    ports.withLock { _ = $0.insert(stream.remoteAddress.port) }
                }
            }
            try await group.waitForAll()
        }
        #expect(ports.withLock { $0 } == Set(clients.map(\.localAddress.port)))
    }

    @Test("connections as a sequence, which ends with a shutdown")
    func incoming() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let shutdown = GracefulShutdown()
        let address = listener.localAddress
        async let clients = withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let stream = try await TCPStream.connect(to: address)
                    return String(buffer: try await stream.readAll())
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        var count = 0
        for try await stream in listener.incoming(until: shutdown.token) {
            try await stream.write("hi")
            count += 1
            if count == 3 { shutdown.initiate() }
        }
        #expect(count == 3)
        #expect(try await clients == ["hi", "hi", "hi"])
        listener.close()
        for try await _ in listener.incoming { Issue.record("a closed listener accepts nothing") }
    }

    @Test("no more are served at once than the limit, and a shutdown waits for those that are")
    func serve() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let address = listener.localAddress
        let shutdown = GracefulShutdown()
        let now = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let failures = Atomic<Int>(0)
        async let serving: Void = listener.serve(
            until: shutdown.token, limit: 3,
            onError: { _, _ in failures.add(1, ordering: .relaxed) },
            { stream in
                let count = now.add(1, ordering: .relaxed).newValue
                most.max(count, ordering: .relaxed)
                defer { now.subtract(1, ordering: .relaxed) }
                var buffer = ByteBuffer()
                while try await stream.read(into: &buffer, within: .seconds(30)) > 0 {
                    try await stream.write(&buffer)
                }
                throw NetError(.other, doing: .read)
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let stream = try await TCPStream.connect(to: address)
                    try await stream.write("ping")
                    var answer = ByteBuffer()
                    try await stream.read(into: &answer, upTo: 4, within: .seconds(30))
                }
            }
            try await group.waitForAll()
        }
        let last = try await TCPStream.connect(to: address)
        try await last.write("ping")
        var answer = ByteBuffer()
        try await last.read(into: &answer, upTo: 4, within: .seconds(30))
        shutdown.initiate()
        #expect(shutdown.workCount >= 1)
        last.close()
        try await serving
        #expect(await shutdown.waitDrained(within: .seconds(30)) == .drained)
        #expect(most.load(ordering: .relaxed) <= 3)
        #expect(failures.load(ordering: .relaxed) == 21)
    }

    @Test("two listeners share a port when both say so")
    func reusePort() async throws {
        let options = ListenOptions(backlog: 16, reusePort: true)
        let first = try await TCPListener.bind(anyPort, options: options)
        let second = try await TCPListener.bind(first.localAddress, options: options)
        let error = await failure { () throws(NetError) in
            _ = try await TCPListener.bind(first.localAddress)
        }
        #expect(error.code == .addressInUse)
        #expect(second.localAddress == first.localAddress)
    }

    @Test("so many tasks may wait for one listener, and the next is told that it is one too many")
    func crowd() async throws {
        let listener = try await TCPListener.bind(anyPort)
        let codes = await withTaskGroup(of: NetError.Code.self) { group in
            for _ in 0...1_024 {
                group.addTask {
                    await failure { () throws(NetError) in _ = try await listener.accept() }.code
                }
            }
            let first = await group.next()
            listener.close()
            return await group.reduce(into: [first]) { $0.append($1) }
        }
        #expect(codes.first == .exhausted)
        #expect(codes.dropFirst().allSatisfy { $0 == .closed })
        #expect(codes.count == 1_025)
    }
}
