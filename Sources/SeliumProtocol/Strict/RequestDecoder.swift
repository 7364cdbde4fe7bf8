internal import SwiftProtobuf

/// A request as it came, judged by its form alone.
package struct DecodedRequest: Sendable {
    package var message: WireRequest
    /// The bytes of the `call` field as received, tag and length included: what the idempotency
    /// key is tied to.
    package var callBytes: [UInt8]
}

/// What a client says after its request, without the detour over the generated type.
package enum ClientChunk: Sendable, Hashable {
    case upload([UInt8])
    case input([UInt8])
}

/// Reads requests strictly: what is not understood is refused, because a limit or a narrower scope
/// that is skipped would be authority that nobody granted.
package struct RequestDecoder: Sendable {
    private let limits: ProtocolConfiguration
    private let schema: RequestSchema
    private let reader: StrictReader

    package init(_ limits: ProtocolConfiguration = .standard) {
        self.limits = limits
        schema = limits == .standard ? .standard : RequestSchema(limits)
        reader = StrictReader(maximumDepth: limits.maximumDepth)
    }

    /// The request in a stream's first frame.
    package func request(_ frame: [UInt8]) throws(ProtocolError) -> DecodedRequest {
        var call = 0..<0
        try reader.check(frame.span, frame.indices, schema.request) { field in
            if RequestSchema.callNumbers.contains(field.number) { call = field.whole }
        }
        guard !call.isEmpty else {
            throw ProtocolError(.invalidArgument, "the request has no call")
        }
        let message = try decode(frame)
        try checkHeader(message)
        let isChange: Bool
        switch message.call {
        case .start(let start)?: isChange = !start.dryRun
        case .stop?, .kill?, .restart?, .remove?, .prune?, .pushModule?, .removeModule?:
            isChange = true
        case .collectModules(let collect)?: isChange = !collect.dryRun
        default: isChange = false
        }
        if isChange, message.idempotencyKey.isEmpty {
            throw ProtocolError(
                .invalidArgument, "a call that changes something needs a key",
                field: "idempotency_key")
        }
        return DecodedRequest(message: message, callBytes: isChange ? Array(frame[call]) : [])
    }

    /// A later frame: exactly one field, and that field is bytes.
    package func clientFrame(_ frame: [UInt8]) throws(ProtocolError) -> ClientChunk {
        var found: (number: UInt64, whole: Range<Int>)?
        try reader.check(frame.span, frame.indices, schema.clientFrame) { field in
            found = (field.number, field.whole)
        }
        guard let found else { throw ProtocolError(.invalidArgument, "the frame is empty") }
        // The reader has seen a one-byte tag and a length that fits; the value is what is left.
        var offset = found.whole.lowerBound + 1
        _ = Varint.read(frame.span, at: &offset, end: found.whole.upperBound)
        let bytes = Array(frame[offset..<found.whole.upperBound])
        return found.number == UInt64(ClientField.upload) ? .upload(bytes) : .input(bytes)
    }

    private func decode(_ frame: [UInt8]) throws(ProtocolError) -> WireRequest {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = limits.maximumDepth
        do {
            return try WireRequest(serializedBytes: frame, options: options)
        } catch {
            // What the strict reader lets through and this does not is text that is not UTF-8.
            throw ProtocolError(.invalidArgument, "a text field is not UTF-8")
        }
    }

    private func checkHeader(_ request: WireRequest) throws(ProtocolError) {
        guard request.requestID.count <= limits.maximumRequestID else {
            throw ProtocolError(
                .invalidArgument, "more than \(limits.maximumRequestID) bytes", field: "request_id")
        }
        guard request.deadlineMs <= ControlProtocol.maximumDeadlineMilliseconds else {
            throw ProtocolError(
                .invalidArgument, "more than an hour", field: "deadline_ms")
        }
        let key = request.idempotencyKey.count
        guard key == 0 || limits.idempotencyKey.contains(key) else {
            throw ProtocolError(
                .invalidArgument, "not 16 to 64 bytes", field: "idempotency_key")
        }
    }
}
