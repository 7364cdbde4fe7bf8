internal import SwiftProtobuf

/// Makes frames: messages with their length in front.
package enum FrameEncoder {
    /// Room for the longest length prefix.
    static let maximumPrefix = 3

    /// The frame of any message; throws `internal` when it is longer than the protocol allows.
    package static func encode(
        _ message: WireServerFrame, limits: ProtocolConfiguration = .standard
    ) throws(ProtocolError) -> [UInt8] {
        try delimit(bytes(of: message), limit: limits.maximumFrame)
    }

    /// The first frame of a stream; throws `tooLarge` above 64 KiB, as the server would.
    package static func encode(
        _ request: WireRequest, limits: ProtocolConfiguration = .standard
    ) throws(ProtocolError) -> [UInt8] {
        try delimit(bytes(of: request), limit: limits.maximumFirstFrame)
    }

    /// A `ClientFrame` with the next bytes of a module. At most ``ProtocolConfiguration/bulkFrame``
    /// is good manners.
    package static func upload(_ chunk: some Collection<UInt8>) -> [UInt8] {
        bulk(field: ClientField.upload, chunk)
    }

    /// A `ClientFrame` with bytes for stdin.
    package static func input(_ chunk: some Collection<UInt8>) -> [UInt8] {
        bulk(field: ClientField.input, chunk)
    }

    /// One frame whose message is one `bytes` field; field numbers below 16 take one byte.
    static func bulk(field: UInt8, _ chunk: some Collection<UInt8>) -> [UInt8] {
        let body = 1 + Varint.length(chunk.count) + chunk.count
        var frame: [UInt8] = []
        frame.reserveCapacity(maximumPrefix + body)
        Varint.append(body, to: &frame)
        frame.append(field << 3 | WireType.lengthDelimited.rawValue)
        Varint.append(chunk.count, to: &frame)
        frame.append(contentsOf: chunk)
        return frame
    }

    private static func bytes(of message: some Message) throws(ProtocolError) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            throw ProtocolError(.internal, "the message cannot be encoded", reset: .internalError)
        }
    }

    private static func delimit(_ body: [UInt8], limit: Int) throws(ProtocolError) -> [UInt8] {
        guard body.count <= limit else {
            throw ProtocolError(
                .invalidArgument, "the frame has \(body.count) bytes, the limit is \(limit)",
                reset: .tooLarge)
        }
        var frame: [UInt8] = []
        frame.reserveCapacity(maximumPrefix + body.count)
        Varint.append(body.count, to: &frame)
        frame.append(contentsOf: body)
        return frame
    }
}

/// Field numbers of `ClientFrame`.
enum ClientField {
    static let upload: UInt8 = 10
    static let input: UInt8 = 11
}

/// Field numbers of `ServerFrame` that are read and written without the generated code.
enum ServerField {
    static let log: UInt8 = 12
}
