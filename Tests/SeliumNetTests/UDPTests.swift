import Foundation
import NIOCore
import SeliumNet
import SeliumTesting
import Testing

@Suite("UDP", .inTurn(minutes: 2))
struct UDPTests {
    private let wait = Duration.seconds(30)

    @Test("datagrams go to an address and come with one, whole and one at a time")
    func sendTo() async throws {
        let (one, other) = (try await UDPSocket.bind(anyPort), try await UDPSocket.bind(anyPort))
        for text in ["a", "", "ccc"] {
            try await one.send(ByteBuffer(string: text), to: other.localAddress)
        }
        var buffer = ByteBuffer()
        let peeked = try await other.peek(into: &buffer, within: wait)
        #expect(peeked.count == 1)
        buffer.clear()
        for text in ["a", "", "ccc"] {
            buffer.clear()
            let received = try await other.receive(into: &buffer, within: wait)
            #expect(received.count == text.utf8.count)
            #expect(received.sender == one.localAddress)
            #expect(!received.isTruncated)
            #expect(String(buffer: buffer) == text)
        }
        try await one.send(ByteBuffer(string: "long"), to: other.localAddress)
        buffer.clear()
        let cut = try await other.receive(into: &buffer, atMost: 2, within: wait)
        #expect(cut.isTruncated)
        #expect(String(buffer: buffer) == "lo")
        #expect(one.descriptor >= 0)
    }

    @Test("a fixed peer is the only one that is heard, and its absence is an error")
    func connected() async throws {
        let server = try await UDPSocket.bind(anyPort)
        let client = try await UDPSocket.bind("0.0.0.0:0")
        let stranger = try await UDPSocket.bind(anyPort)
        #expect(client.remoteAddress == nil)
        var error = await failure { () throws(NetError) in
            try await client.send(ByteBuffer(string: "nobody"))
        }
        #expect(error.code == .notConnected)
        try client.connect(to: server.localAddress)
        #expect(client.remoteAddress == server.localAddress)
        #expect(client.localAddress.address == IPAddress(127, 0, 0, 1))
        try await stranger.send(ByteBuffer(string: "no"), to: client.localAddress)
        try await server.send(ByteBuffer(string: "yes"), to: client.localAddress)
        var buffer = ByteBuffer()
        let received = try await client.receive(into: &buffer, within: wait)
        #expect(received.sender == server.localAddress)
        #expect(String(buffer: buffer) == "yes")
        server.close()
        try await client.send(ByteBuffer(string: "gone"))
        error = await failure { () throws(NetError) in
            _ = try await client.receive(into: &buffer, within: wait)
        }
        #expect(error.code == .refused)
        try client.disconnect()
        #expect(client.remoteAddress == nil)
    }

    @Test("a peer written by others answers, over both families")
    func foreignPeer() async throws {
        let script = """
            import socket, sys
            family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
            s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(30)
            s.sendto(b"ready", (sys.argv[1], int(sys.argv[2])))
            data, peer = s.recvfrom(65535)
            s.sendto(data[::-1], peer)
            """
        for host in ["127.0.0.1", "::1"] {
            let socket = try await UDPSocket.bind(.host(host, port: 0))
            async let printed = python(script, [host, "\(socket.localAddress.port)"])
            var buffer = ByteBuffer()
            let ready = try await socket.receive(into: &buffer, within: .seconds(60))
            buffer.clear()
            try await socket.send(numbered(1_200), to: ready.sender)
            let answer = try await socket.receive(into: &buffer, within: wait)
            #expect(answer.sender == ready.sender)
            #expect(Array(buffer.readableBytesView) == numbered(1_200).readableBytesView.reversed())
            _ = try await printed
        }
    }

    @Test("nothing to receive, then something, without waiting")
    func attempts() async throws {
        let socket = try await UDPSocket.bind(anyPort)
        var buffer = ByteBuffer()
        #expect(try socket.tryReceive(into: &buffer) == nil)
        #expect(try socket.trySend(ByteBuffer(string: "me"), to: socket.localAddress))
        var received: UDPSocket.Received?
        while received == nil { received = try socket.tryReceive(into: &buffer) }
        #expect(received?.count == 2)
    }

    @Test("waiting ends in time, given or set, by a shutdown, by closing, and takes nothing")
    func waits() async throws {
        let socket = try await UDPSocket.bind(anyPort)
        let shutdown = GracefulShutdown()
        var buffer = ByteBuffer()
        var error = await failure { () throws(NetError) in
            _ = try await socket.receive(into: &buffer, within: .milliseconds(5))
        }
        #expect(error.code == .timedOut)
        socket.receiveTimeout = .milliseconds(5)
        error = await failure { () throws(NetError) in _ = try await socket.peek(into: &buffer) }
        #expect(error.code == .timedOut)
        socket.receiveTimeout = nil
        socket.sendTimeout = .seconds(1)
        #expect(socket.sendTimeout == .seconds(1))
        async let stopped = failure { () throws(NetError) in
            var buffer = ByteBuffer()
            _ = try await socket.receive(into: &buffer, until: shutdown.token)
        }
        shutdown.initiate()
        #expect(await stopped.code == .shutDown)
        async let closed = failure { () throws(NetError) in
            var buffer = ByteBuffer()
            _ = try await socket.receive(into: &buffer)
        }
        socket.close()
        #expect(await closed.code == .closed)
    }

    @Test("options are what they were set to, and what they forbid fails")
    func options() async throws {
        let socket = try await UDPSocket.bind(anyPort)
        let broadcast = SeliumNetCore.SocketAddress(IPv4Address.broadcast, port: 9)
        #expect(try !socket.broadcast)
        let error = await failure { () throws(NetError) in
            try await socket.send(ByteBuffer(string: "x"), to: broadcast)
        }
        #expect(error.code == .permission)
        #expect(error.errnoName == "EACCES")
        try socket.setBroadcast(true)
        #expect(try socket.broadcast)
        try socket.setTTL(3)
        #expect(try socket.ttl == 3)
        try socket.setSendBufferSize(20_000)
        #expect(try socket.sendBufferSize == 40_000)
        try socket.setReceiveBufferSize(20_000)
        #expect(try socket.receiveBufferSize == 40_000)
        let large = await failure { () throws(NetError) in
            try await socket.send(numbered(65_530), to: socket.localAddress)
        }
        #expect(large.code == .messageTooLong)
    }

    @Test(
        "an IPv4 group is heard after joining, by peers written by others too, and not after leaving"
    )
    func multicastV4() async throws {
        let group = IPv4Address(239, 77, 1, UInt8.random(in: 1...250))
        let listener = try await UDPSocket.bind(
            "0.0.0.0:0", options: UDPOptions(reuseAddress: true))
        let sender = try await UDPSocket.bind("0.0.0.0:0")
        try sender.setMulticastInterface(.loopback)
        try sender.setMulticastTTL(0)
        #expect(try sender.multicastTTL == 0)
        #expect(try sender.multicastLoop)
        try listener.join(group, on: .loopback)
        let place = SeliumNetCore.SocketAddress(group, port: listener.localAddress.port)
        try await sender.send(ByteBuffer(string: "to all"), to: place)
        var buffer = ByteBuffer()
        _ = try await listener.receive(into: &buffer, within: wait)
        #expect(String(buffer: buffer) == "to all")
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            s.sendto(b"foreign", (sys.argv[1], int(sys.argv[2])))
            """
        _ = try await python(script, ["\(group)", "\(place.port)"])
        buffer.clear()
        _ = try await listener.receive(into: &buffer, within: wait)
        #expect(String(buffer: buffer) == "foreign")
        let twice = await failure { () throws(NetError) in try listener.join(group, on: .loopback) }
        #expect(twice.code == .addressInUse)
        try listener.leave(group, on: .loopback)
        let never = await failure { () throws(NetError) in try listener.leave(group, on: .loopback)
        }
        #expect(never.code == .addressUnavailable)
        // What is sent directly comes behind what was sent to the group, which nobody is in.
        try await sender.send(ByteBuffer(string: "to nobody"), to: place)
        try await sender.send(
            ByteBuffer(string: "direct"), to: .init(IPv4Address.loopback, port: place.port))
        buffer.clear()
        _ = try await listener.receive(into: &buffer, within: wait)
        #expect(String(buffer: buffer) == "direct")
        try sender.setMulticastLoop(false)
        #expect(try !sender.multicastLoop)
    }

    @Test("an IPv6 group is joined and left as the kernel's own table says")
    func membershipV6() async throws {
        let low = UInt16.random(in: 1...0xFFFF)
        let group = IPv6Address(0xFF11, 0, 0, 0, 0, 0, 0x77, low)
        func isMember() throws -> Bool {
            let digits = String(low, radix: 16)
            let line =
                "ff110000000000000000000000770000".dropLast(4)
                + String(repeating: "0", count: 4 - digits.count) + digits
            return try String(contentsOfFile: "/proc/net/igmp6", encoding: .utf8).contains(line)
        }
        let socket = try await UDPSocket.bind("[::]:0")
        // The loopback interface is the first of every Linux system.
        try socket.join(group, on: 1)
        #expect(try isMember())
        let twice = await failure { () throws(NetError) in try socket.join(group, on: 1) }
        #expect(twice.code == .addressInUse)
        try socket.leave(group, on: 1)
        #expect(try !isMember())
        let wrong = await failure { () throws(NetError) in try socket.join(IPv6Address.loopback) }
        #expect(wrong.code == .invalidArgument)
        #expect(try socket.multicastLoop)
        try socket.setMulticastLoop(false)
        #expect(try !socket.multicastLoop)
    }

    @Test("an IPv6 group is heard on the interfaces that carry it, and nothing leaves the machine")
    func multicastV6() async throws {
        let group = IPv6Address(0xFF12, 0, 0, 0, 0, 0, 0x77, UInt16.random(in: 1...0xFFFF))
        let sender = try await UDPSocket.bind("[::]:0")
        try sender.setMulticastTTL(0)
        #expect(try sender.multicastTTL == 0)
        for interface in UInt32(1)...16 {
            let listener = try await UDPSocket.bind("[::]:0")
            let place = SeliumNetCore.SocketAddress(group, port: listener.localAddress.port)
            do throws(NetError) {
                try sender.setMulticastInterface(interface)
                try listener.join(group, on: interface)
                try await sender.send(ByteBuffer(string: "six"), to: place)
            } catch {
                // No such interface, or one without IPv6 or multicast: loopback is seldom routed.
                #expect([.unreachable, .addressUnavailable, .other].contains(error.code))
                continue
            }
            var buffer = ByteBuffer()
            _ = try await listener.receive(into: &buffer, within: wait)
            #expect(String(buffer: buffer) == "six")
            try listener.leave(group, on: interface)
        }
    }
}
