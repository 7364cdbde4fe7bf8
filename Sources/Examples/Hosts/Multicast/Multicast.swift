import SeliumNet

/// Prints what is said to a group, and says something to it itself when it is told to:
/// `example-multicast 239.1.2.3:7007`, and elsewhere `example-multicast 239.1.2.3:7007 hello`.
@main
struct Multicast {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let place = SocketAddress(arguments[1]),
            case .v4(let group) = place.address
        else { return print("GROUP:PORT [TEXT]") }
        if arguments.count > 2 {
            let socket = try await UDPSocket.bind("0.0.0.0:0")
            try socket.setMulticastInterface(.loopback)
            return try await socket.send(ByteBuffer(string: arguments[2]), to: place)
        }
        let socket = try await UDPSocket.bind(
            .address(IPv4Address.any, port: place.port), options: UDPOptions(reuseAddress: true))
        try socket.join(group, on: .loopback)
        print("listening on \(socket.localAddress)")
        while true {
            var buffer = ByteBuffer()
            let received = try await socket.receive(into: &buffer)
            print(received.sender.address, String(buffer: buffer))
        }
    }
}
