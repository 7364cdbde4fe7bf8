import Glibc
import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumQUIC

/// A way to a server that sees how datagrams come: joined by the system or one by one, marked or not.
/// What it hands on is as it came, but for the marks when it is told to remove them.
private final class Witness: Sendable {
    /// What came from the server.
    struct Seen {
        /// Datagrams, those that came joined counted each.
        var datagrams = 0
        /// Reads of several datagrams at once.
        var joined = 0
        /// Those among them whose last datagram was shorter.
        var joinedWithShortLast = 0
        /// Most datagrams in one read.
        var most = 0
        /// For each read in order, whether it was marked ECT(0).
        var marks: [Bool] = []
    }

    /// Hands datagrams on to another channel.
    private final class Forward: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        /// Confined to the loop, as all of it.
        var target: (any Channel, NIOCore.SocketAddress)?
        var back: Forward?
        var seen = Seen()
        private let removesMarks: Bool

        init(removesMarks: Bool) {
            self.removesMarks = removesMarks
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var envelope = Self.unwrapInboundIn(data)
            note(envelope)
            back?.target = (context.channel, envelope.remoteAddress)
            guard let (channel, address) = target else { return }
            envelope.remoteAddress = address
            let segment = envelope.metadata?.segmentSize
            let isJoined = segment.map { $0 > 0 && $0 < envelope.data.readableBytes } ?? false
            let mark = envelope.metadata?.ecnState ?? .transportNotCapable
            envelope.metadata = .init(
                ecnState: removesMarks ? .transportNotCapable : mark, packetInfo: nil,
                segmentSize: isJoined ? segment : nil)
            channel.writeAndFlush(envelope, promise: nil)
        }

        private func note(_ envelope: AddressedEnvelope<ByteBuffer>) {
            let length = envelope.data.readableBytes
            let segment = envelope.metadata?.segmentSize ?? 0
            let count = segment > 0 ? (length + segment - 1) / segment : 1
            seen.datagrams += count
            seen.most = max(seen.most, count)
            if count > 1 {
                seen.joined += 1
                if length % segment != 0 { seen.joinedWithShortLast += 1 }
            }
            seen.marks.append(envelope.metadata?.ecnState == .transportCapableFlag0)
        }
    }

    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let requests: Forward
    private let answers: Forward
    private let front: any Channel
    private let upstream: any Channel

    init(to server: SocketAddress, removesMarks: Bool) async throws {
        requests = Forward(removesMarks: removesMarks)
        answers = Forward(removesMarks: removesMarks)
        front = try await Self.bind(requests, on: loop)
        upstream = try await Self.bind(answers, on: loop)
        let address = try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: Int(server.port))
        let (requests, answers, upstream) = (self.requests, self.answers, self.upstream)
        try await loop.submit {
            requests.target = (upstream, address)
            requests.back = answers
        }.get()
    }

    private static func bind(
        _ handler: Forward, on loop: any EventLoop
    ) async throws -> any Channel {
        let channel = try await DatagramBootstrap(group: loop)
            .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
            .channelOption(.socketOption(.so_sndbuf), value: 4 << 20)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 64 << 10)
            )
            .channelInitializer { $0.pipeline.addHandler(handler) }
            .bind(host: "127.0.0.1", port: 0).get()
        try await channel.setOption(.explicitCongestionNotification, value: true).get()
        try await channel.setOption(.datagramReceiveOffload, value: true).get()
        try await channel.setOption(.datagramReceiveSegmentSize, value: true).get()
        return channel
    }

    var port: UInt16 { UInt16(front.localAddress?.port ?? 0) }

    /// What came from the server so far.
    func seen() async throws -> Seen {
        let answers = self.answers
        return try await loop.submit { answers.seen }.get()
    }

    /// Counts anew.
    func forget() async throws {
        let answers = self.answers
        try await loop.submit { answers.seen = Seen() }.get()
    }

    func close() async throws {
        try await front.close()
        try await upstream.close()
        let (requests, answers) = (self.requests, self.answers)
        try await loop.submit {
            requests.target = nil
            requests.back = nil
            answers.target = nil
        }.get()
    }
}

@Suite(
    "Segmentation, joining and congestion marks of the UDP driver",
    .enabled(
        if: System.supportsUDPSegmentationOffload && System.supportsUDPReceiveOffload,
        "SKIPPED: this kernel has no UDP segmentation or receive offload"),
    .inTurn(minutes: 2))
struct OffloadTests {
    /// Megabytes there and back past a witness, then requests whose answers end with a shorter datagram.
    ///
    /// - Parameter losing: with which error the server's socket was lost before.
    private func seen(
        removingMarks: Bool = false, losing error: CInt? = nil
    ) async throws -> Witness.Seen {
        let certificates = try LiveCertificates()
        return try await withEcho(certificates: certificates) { server in
            let witness = try await Witness(to: server.address, removesMarks: removingMarks)
            let connection = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: witness.port),
                serverName: "localhost", tls: certificates.clientContext(),
                authority: .unrestricted, logger: EchoServer.quiet)
            try await connection.waitUntilConfirmed()
            if let error {
                try await Self.loseSocket(of: server.listener.driver, error)
                try await witness.forget()
            }
            var random = SeededRandom(seed: 11)
            // So many that ten reads are left of every quarter, however much is joined on the way: a read
            // brings at most 64 KiB.
            let bytes = random.bytes(8_000_003)
            let answer = try await exchange(connection, bytes)
            #expect(answer == bytes)
            for length in 5_001...5_010 {
                let few = random.bytes(length)
                #expect(try await exchange(connection, few) == few)
            }
            connection.close()
            _ = await connection.ended()
            let seen = try await witness.seen()
            try await witness.close()
            let segments = try await Self.segments(server.listener.driver)
            #expect(segments == (error != EIO))
            return seen
        }
    }

    /// What NIO does when an interface refuses to cut, and when a send fails for another reason: it tells
    /// the write, and closes the socket.
    private static func loseSocket(of driver: EndpointDriver, _ error: CInt) async throws {
        try await driver.loop.flatSubmit {
            let socket = driver.sockets.sockets[0]
            socket.handler.segmentsFailed(IOError(errnoCode: error, reason: "sendmmsg"))
            return socket.channel.close()
        }.get()
    }

    private static func segments(_ driver: EndpointDriver) async throws -> Bool {
        try await driver.loop.submit { driver.segments }.get()
    }

    @Test("an interface that does not cut costs the socket once: then datagrams go one by one")
    func withoutSegments() async throws {
        let seen = try await seen(losing: EIO)
        #expect(seen.joined == 0)
        #expect(seen.datagrams > 1_000)
        #expect(seen.datagrams == seen.marks.count)
    }

    @Test("a socket that was lost for another reason is opened again, and bulk is cut as before")
    func lostSocket() async throws {
        #expect(try await seen(losing: ENETUNREACH).joined > 10)
    }

    @Test("bulk is cut by the system, joined again, and a shorter last segment is split off right")
    func segments() async throws {
        let seen = try await seen()
        #expect(seen.joined > 10)
        #expect(seen.most > 4)
        // What was joined here came joined to the client too, and all bytes were right.
        #expect(seen.joinedWithShortLast > 0)
        #expect(seen.datagrams > seen.marks.count)
    }

    @Test("marks that arrive are reported: the sender goes on marking to the end")
    func marks() async throws {
        let seen = try await seen()
        #expect(seen.marks.contains(true))
        let last = seen.marks.suffix(seen.marks.count / 4)
        #expect(last.count > 10)
        #expect(last.filter { $0 }.count * 10 >= last.count * 9)
    }

    @Test("marks that a path removes are missed in the reports: the sender marks no more")
    func removedMarks() async throws {
        let seen = try await seen(removingMarks: true)
        // The first ones are marked, to find out.
        #expect(seen.marks.contains(true))
        let last = seen.marks.suffix(seen.marks.count / 4)
        #expect(last.count > 10)
        #expect(!last.contains(true))
    }
}
