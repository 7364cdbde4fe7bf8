import SeliumNet

/// Hands a listening socket from an old process to a new one, which serves on the same port:
/// `example-hand-over old @hand-over 127.0.0.1:7007`, then `example-hand-over new @hand-over`.
@main
struct HandOver {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { return print("old|new NAME [ADDRESS]") }
        let name = try UnixAddress(parsing: arguments[2])
        if arguments[1] == "old" {
            let place = arguments.count > 3 ? arguments[3] : "127.0.0.1:7007"
            let listener = try await TCPListener.bind(place)
            let control = try UnixListener.bind(name)
            print("listening on \(listener.localAddress)")
            let successor = try await control.accept()
            print("successor: process \(try successor.peerCredentials.processID)")
            var word = ByteBuffer(string: "listener")
            try await successor.send([listener.descriptor], with: &word)
        } else {
            let predecessor = try await UnixStream.connect(to: name)
            var word = ByteBuffer()
            let received = try await predecessor.receiveDescriptors(into: &word, maximum: 1)
            guard let descriptor = received.descriptors.first?.take() else { return }
            let listener = try Network.unrestricted.adoptTCPListener(descriptor)
            print("listening on \(listener.localAddress)")
            try await listener.serve(limit: 100) { try await $0.write("the new one\n") }
        }
    }
}
