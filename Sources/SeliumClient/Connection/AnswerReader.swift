internal import SeliumProtocol

/// Reads the answers of one exchange, one action after the other. One task uses it.
final class AnswerReader {
    let exchange: Exchange
    private var machine: ClientRequestStateMachine
    private var frames = FrameDecoder.answers(.standard)
    private let decoder = AnswerDecoder()
    private var bytes: [UInt8] = []
    private var offset = 0

    init(_ exchange: Exchange, call: ClientCall) {
        self.exchange = exchange
        machine = ClientRequestStateMachine(call: call)
    }

    /// Whether input may be written now.
    var maySendInput: Bool { machine.maySendInput }

    /// The next action; after `succeeded` there is none. Throws the server's error as ours, and
    /// `connectionLost` when the stream ends without a last word.
    nonisolated(nonsending) func next() async throws(ClientError)
        -> ClientRequestStateMachine.AnswerAction
    {
        while true {
            if let action = try takeAction() {
                switch action {
                case .skip: continue
                case .failed(let error):
                    await exchange.complete()
                    throw ClientError(error, requestID: exchange.requestID)
                case .succeeded: await exchange.complete()
                case .started, .following, .log, .gap: exchange.follows()
                case .progress, .sendModule, .rows, .moduleRows: exchange.heard()
                }
                return action
            }
            guard let more = try await exchange.read() else {
                _ = machine.receivedEnd()
                exchange.abandon()
                throw ClientError(
                    .connectionLost, "the connection was lost before the answer was complete",
                    isRetryable: true,
                    requestID: exchange.requestID)
            }
            bytes = more
            offset = 0
        }
    }

    /// The system record in a log entry.
    func systemRecord(_ bytes: [UInt8]) throws(ClientError) -> WireSystemRecord {
        do { return try decoder.systemRecord(bytes) } catch { throw exchange.refuse(error) }
    }

    private func takeAction() throws(ClientError) -> ClientRequestStateMachine.AnswerAction? {
        do {
            guard let frame = try frames.next(bytes, at: &offset) else { return nil }
            return try machine.receivedAnswer(decoder.answer(frame))
        } catch {
            throw exchange.refuse(error)
        }
    }
}
