import SeliumNetCore
import SeliumQUICCore
import SeliumTestSupport

/// A stream's content as it is read, and how it ended.
final class Sink {
    var bytes: [UInt8] = []
    var isEnded = false
    var resetCode: UInt64?

    /// Reads what is there.
    func drain(_ connection: CoreConnection, _ stream: CoreStream, limit: Int = 1 << 20) {
        while true {
            switch connection.read(stream, atMost: limit) {
            case .bytes(let more): bytes += more
            case .end:
                isEnded = true
                return
            case .reset(let code):
                resetCode = code
                return
            case .blocked, .stopped, .ended: return
            }
        }
    }
}

/// Bytes to be written as there is room.
final class Source {
    let bytes: [UInt8]
    var offset = 0
    var isFinished = false
    var refusal: CoreWrite?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func pump(_ connection: CoreConnection, _ stream: CoreStream) {
        guard refusal == nil, !isFinished else { return }
        let bytes = self.bytes
        while offset < bytes.count {
            switch connection.write(stream, bytes.span.extracting(offset..<bytes.count)) {
            case .taken(0): return
            case .taken(let count): offset += count
            case let other:
                refusal = other
                return
            }
        }
        connection.finish(stream)
        isFinished = true
    }
}

extension QUICPair {
    /// The server answers every stream with what it says.
    func serveEcho() {
        server.onEvent = { connection, event in
            switch event {
            case .readable(let stream), .writable(let stream), .streamOpened(let stream):
                Self.echo(connection, stream)
            default: break
            }
        }
    }

    private static func echo(_ connection: CoreConnection, _ stream: CoreStream) {
        while true {
            if let rest = stream.attachment as? Rest {
                guard rest.send(connection, stream) else { return }
                stream.attachment = nil
            }
            switch connection.read(stream, atMost: 64 << 10) {
            case .bytes(let bytes): stream.attachment = Rest(bytes)
            case .end:
                connection.finish(stream)
                return
            default: return
            }
        }
    }

    /// Opens a stream, sends `bytes` and FIN, and gathers the answer.
    func exchange(
        _ client: CoreConnection, _ bytes: [UInt8], limit: Duration = .seconds(120)
    ) throws -> Sink {
        guard let stream = client.openStream() else { throw PairTrouble(text: "no stream") }
        let (source, sink) = (Source(bytes), Sink())
        source.pump(client, stream)
        let isDone = run(
            until: {
                source.pump(client, stream)
                sink.drain(client, stream)
                return sink.isEnded || sink.resetCode != nil || client.end != nil
            }, limit: limit)
        guard isDone else { throw PairTrouble(text: "no answer, \(sink.bytes.count) bytes came") }
        client.release(stream, code: 1)
        return sink
    }
}

/// What an echo has yet to send.
final class Rest {
    private var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether all of it was taken.
    func send(_ connection: CoreConnection, _ stream: CoreStream) -> Bool {
        while !bytes.isEmpty {
            guard case .taken(let count) = connection.write(stream, bytes.span), count > 0
            else { return false }
            bytes.removeFirst(count)
        }
        return true
    }
}

struct PairTrouble: Error {
    let text: String
}

func text(_ string: String) -> [UInt8] { Array(string.utf8) }
