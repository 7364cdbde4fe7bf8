/// Cuts a stream's bytes into frames. Holds at most one unfinished frame and takes no byte beyond
/// it, so that whoever feeds it knows what has been consumed.
package struct FrameDecoder: Sendable {
    private enum State: Sendable {
        /// Reading the length; what came of it so far.
        case length(value: Int, bytes: Int)
        /// Reading the message.
        case message(length: Int)
        /// A frame was refused; nothing can follow.
        case failed(ProtocolError)
    }

    private let laterLimit: Int
    private var limit: Int
    private var state = State.length(value: 0, bytes: 0)
    private var held: [UInt8] = []

    /// A decoder for one direction of one stream: the server reads a client's first frame with the
    /// smaller limit, the client has one limit for all.
    package init(firstLimit: Int, laterLimit: Int) {
        limit = firstLimit
        self.laterLimit = laterLimit
    }

    /// For the frames of a request.
    package static func requests(_ limits: ProtocolConfiguration) -> FrameDecoder {
        FrameDecoder(firstLimit: limits.maximumFirstFrame, laterLimit: limits.maximumFrame)
    }

    /// For the frames of an answer.
    package static func answers(_ limits: ProtocolConfiguration) -> FrameDecoder {
        FrameDecoder(firstLimit: limits.maximumFrame, laterLimit: limits.maximumFrame)
    }

    /// Whether a frame has begun and is not complete: an end of the stream here is a truncation.
    package var isInsideFrame: Bool {
        switch state {
        case .length(_, let bytes): bytes > 0
        case .message: true
        case .failed: false
        }
    }

    /// The length that the unfinished frame announced, once known: what it may come to hold.
    package var announcedLength: Int? {
        if case .message(let length) = state { length } else { nil }
    }

    /// Takes bytes of `input` from `offset` on, moves `offset` behind what was taken and returns a
    /// frame when one is complete; nil when it needs more.
    ///
    /// An empty message is a frame too. Throws, again and again, once the length was not a shortest
    /// varint of at most 3 bytes (`malformed`) or above the limit (`tooLarge`); nothing is allocated
    /// before the length has been checked.
    package mutating func next(
        _ input: [UInt8], at offset: inout Int
    ) throws(ProtocolError) -> [UInt8]? {
        while true {
            switch state {
            case .failed(let error):
                throw error
            case .length(let value, let bytes):
                guard offset < input.count else { return nil }
                let byte = input[offset]
                offset += 1
                try takeLength(byte, after: value, bytes)
            case .message(let length):
                return takeMessage(length, input, at: &offset)
            }
        }
    }

    private mutating func takeLength(
        _ byte: UInt8, after value: Int, _ bytes: Int
    ) throws(ProtocolError) {
        let value = value | Int(byte & 0x7f) << (7 * bytes)
        if byte & 0x80 != 0 {
            guard bytes < 2 else {
                throw fail(.tooLarge, "the frame's length has more than 3 bytes")
            }
            state = .length(value: value, bytes: bytes + 1)
        } else if byte == 0, bytes > 0 {
            throw fail(.malformed, "the frame's length is not in its shortest form")
        } else if value > limit {
            throw fail(.tooLarge, "the frame has \(value) bytes, the limit is \(limit)")
        } else {
            state = .message(length: value)
        }
    }

    private mutating func takeMessage(
        _ length: Int, _ input: [UInt8], at offset: inout Int
    ) -> [UInt8]? {
        let wanted = length - held.count
        let available = min(wanted, input.count - offset)
        let range = offset..<(offset + available)
        offset += available
        if held.isEmpty, available == wanted {
            finish()
            return Array(input[range])
        }
        // What has been announced is reserved only as it comes: a length alone costs nothing.
        held.append(contentsOf: input[range])
        guard available == wanted else { return nil }
        finish()
        let frame = held
        held = []
        return frame
    }

    private mutating func finish() {
        state = .length(value: 0, bytes: 0)
        limit = laterLimit
    }

    private mutating func fail(_ reset: ResetCode, _ message: String) -> ProtocolError {
        let error = ProtocolError(.invalidArgument, message, reset: reset)
        state = .failed(error)
        held = []
        return error
    }
}
