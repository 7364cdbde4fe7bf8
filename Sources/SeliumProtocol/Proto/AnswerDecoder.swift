internal import SwiftProtobuf

/// What a server's frame says.
package enum Answer: Sendable {
    /// The content of a `log` field; ``LogEntryDecoder`` takes it apart. Bulk, so it never passes
    /// through the generated type.
    case log([UInt8])
    case frame(WireServerFrame.OneOf_Frame)
    /// A kind of frame this version does not know: skip it.
    case unknown
}

/// Reads answers leniently: unknown fields, frames and enum values are skipped.
package struct AnswerDecoder: Sendable {
    private let limits: ProtocolConfiguration

    package init(_ limits: ProtocolConfiguration = .standard) {
        self.limits = limits
    }

    /// Reads one frame; throws when it is not protobuf.
    package func answer(_ frame: [UInt8]) throws(ProtocolError) -> Answer {
        if let log = Self.onlyLog(frame) { return .log(log) }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = limits.maximumDepth
        options.discardUnknownFields = true
        do {
            let message = try WireServerFrame(serializedBytes: frame, options: options)
            switch message.frame {
            case .log(let bytes)?: return .log(Array(bytes))
            case let other?: return .frame(other)
            case nil: return .unknown
            }
        } catch {
            throw ProtocolError(.internal, "the server sent a frame that is not protobuf")
        }
    }

    /// The system record in a log entry of that stream.
    package func systemRecord(_ bytes: [UInt8]) throws(ProtocolError) -> WireSystemRecord {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = limits.maximumDepth
        options.discardUnknownFields = true
        do {
            return try WireSystemRecord(serializedBytes: bytes, options: options)
        } catch {
            throw ProtocolError(.internal, "the server sent a system record that is not protobuf")
        }
    }

    /// The log field's content when the frame holds nothing else, which is how servers send it.
    private static func onlyLog(_ frame: [UInt8]) -> [UInt8]? {
        let tag = ServerField.log << 3 | WireType.lengthDelimited.rawValue
        guard let first = frame.first, first == tag else { return nil }
        var offset = 1
        guard let length = Varint.read(frame.span, at: &offset, end: frame.count),
            length == UInt64(frame.count - offset)
        else { return nil }
        return Array(frame[offset...])
    }
}
