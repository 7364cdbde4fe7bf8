import Foundation
import NIOCore
import SeliumNet
import Synchronization
import Testing

/// Any port of the loopback interface.
let anyPort = SeliumNetCore.SocketAddress(IPv4Address.loopback, port: 0)

/// Two ends of a TCP connection on the loopback interface.
func connectedPair() async throws -> (client: TCPStream, server: TCPStream) {
    let listener = try await TCPListener.bind(anyPort)
    async let accepted = listener.accept(within: .seconds(30))
    let client = try await TCPStream.connect(to: listener.localAddress, within: .seconds(30))
    return (client, try await accepted)
}

/// A buffer whose bytes tell their place: any that is lost, doubled or moved is found.
func numbered(_ count: Int) -> ByteBuffer {
    // A prime, so that no power of two hides a shift.
    let period = 65_521
    var value: UInt32 = 0x9E37_79B9
    let block = (0..<period).map { _ -> UInt8 in
        value = value &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: value >> 24)
    }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count + period)
    while buffer.readableBytes < count { buffer.writeBytes(block) }
    buffer.moveWriterIndex(to: count)
    return buffer
}

extension SocketStream {
    /// Everything up to the peer's end.
    func readAll(until count: Int = .max) async throws(NetError) -> ByteBuffer {
        var buffer = ByteBuffer()
        while buffer.readableBytes < count,
            try await read(into: &buffer, within: .seconds(30)) > 0
        {}
        return buffer
    }
}

/// The error of something that has to fail.
func failure(
    _ body: () async throws(NetError) -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> NetError {
    do throws(NetError) {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return NetError(.other, doing: .open)
    } catch {
        return error
    }
}

/// A directory of its own, short enough for the path of a socket.
func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = "/tmp/sn-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// A value that tasks share.
final class Locked<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) {
        mutex = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in body(&value) }
    }
}
