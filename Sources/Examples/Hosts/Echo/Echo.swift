import SeliumNet

/// Sends back what comes, to ten thousand at once: `example-echo 127.0.0.1:7007`.
@main
struct Echo {
    static func main() async throws {
        let place = CommandLine.arguments.dropFirst().first ?? "127.0.0.1:7007"
        let listener = try await TCPListener.bind(place)
        print("listening on \(listener.localAddress)")
        try await listener.serve(limit: 10_000) { stream in
            var buffer = ByteBuffer()
            while try await stream.read(into: &buffer, within: .seconds(60)) > 0 {
                try await stream.write(&buffer, within: .seconds(60))
                buffer.clear()
            }
        }
    }
}
