import SeliumNet
import Testing

/// A name server of our own that does what the test wants, over UDP and TCP on one port.
final class Responder: Sendable {
    /// A query that came.
    struct Query: Sendable {
        let message: DNSMessage
        let sender: SocketAddress
        let isStream: Bool
        /// Counts from 1, over all that came.
        let number: Int

        var name: String { message.questions[0].name.lowercased.description }
        var type: DNSRecordType { message.questions[0].type }

        /// A response to it with these records about its name.
        func answer(_ data: DNSRecordData..., ttl: UInt32 = 60) -> DNSMessage {
            var response = response()
            response.answers = data.map {
                DNSRecord(name: message.questions[0].name, ttl: ttl, data: $0)
            }
            return response
        }

        /// A response to it without records.
        func response(_ code: DNSResponseCode = .noError) -> DNSMessage {
            DNSMessage(
                id: message.id, flags: [.response, .recursionDesired, .recursionAvailable],
                responseCode: code, questions: message.questions,
                edns: message.edns.map { _ in EDNS() })
        }
    }

    /// Where an answer goes: the socket of the query.
    typealias Reply = @Sendable ([UInt8]) async throws -> Void

    let address: SocketAddress
    private let socket: UDPSocket
    private let listener: TCPListener
    private let seen = Locked<[Query]>([])

    private init() async throws {
        while true {
            let socket = try await UDPSocket.bind(anyPort)
            guard let listener = try? await TCPListener.bind(socket.localAddress) else { continue }
            (self.socket, self.listener) = (socket, listener)
            address = socket.localAddress
            return
        }
    }

    /// Every query so far.
    var queries: [Query] { seen.withLock { $0 } }

    /// A resolver that asks it, and nobody else.
    func resolver(
        options: ResolverOptions = ResolverOptions(),
        _ change: (inout ResolverConfiguration) -> Void = { _ in }
    ) -> Resolver {
        Resolver(configuration(change), options: options)
    }

    func configuration(
        _ change: (inout ResolverConfiguration) -> Void = { _ in }
    ) -> ResolverConfiguration {
        var configuration = ResolverConfiguration()
        configuration.servers = [.init(address)]
        // Nothing here is lost by accident: who waits, waits for what the test does.
        configuration.timeout = 20_000_000_000
        change(&configuration)
        return configuration
    }

    /// Runs one while `body` does.
    static func run<Value: Sendable>(
        _ respond: @escaping @Sendable (Query, @escaping Reply) async throws -> Void,
        _ body: (Responder) async throws -> Value
    ) async throws -> Value {
        let responder = try await Responder()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await responder.serveDatagrams(respond) }
            group.addTask {
                try await responder.listener.serve(limit: 100) { stream in
                    try await responder.serve(stream, respond)
                }
            }
            defer { group.cancelAll() }
            return try await body(responder)
        }
    }

    private func serveDatagrams(
        _ respond: @escaping @Sendable (Query, @escaping Reply) async throws -> Void
    ) async throws {
        await withTaskGroup(of: Void.self) { group in
            var buffer = ByteBuffer()
            while !Task.isCancelled {
                buffer.clear()
                guard let received = try? await socket.receive(into: &buffer),
                    let query = note(Array(buffer.readableBytesView), received.sender, false)
                else { continue }
                group.addTask {
                    try? await respond(query) { bytes in
                        try await self.socket.send(ByteBuffer(bytes: bytes), to: query.sender)
                    }
                }
            }
            group.cancelAll()
        }
    }

    private func serve(
        _ stream: TCPStream, _ respond: @Sendable (Query, @escaping Reply) async throws -> Void
    ) async throws {
        var splitter = DNSStreamSplitter()
        var buffer = ByteBuffer()
        while try await stream.read(into: &buffer) > 0 {
            var messages: [[UInt8]] = []
            splitter.receive(buffer.readableBytesView) { messages.append($0) }
            buffer.clear()
            for message in messages {
                guard let query = note(message, stream.remoteAddress, true) else { continue }
                try await respond(query) { bytes in
                    var framed = ByteBuffer(bytes: DNSStreamSplitter.framed(bytes) ?? [])
                    try await stream.write(&framed)
                }
            }
        }
    }

    private func note(_ bytes: [UInt8], _ sender: SocketAddress, _ isStream: Bool) -> Query? {
        guard let message = try? DNSMessage(decoding: bytes.span), !message.questions.isEmpty else {
            return nil
        }
        return seen.withLock { seen in
            let query = Query(
                message: message, sender: sender, isStream: isStream, number: seen.count + 1)
            seen.append(query)
            return query
        }
    }
}

/// The error of a lookup that has to fail.
func dnsFailure(
    _ body: () async throws(DNSError) -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> DNSError {
    do throws(DNSError) {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return DNSError(.other)
    } catch {
        return error
    }
}
