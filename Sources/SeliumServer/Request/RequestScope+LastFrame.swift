internal import SeliumProtocol
internal import SeliumQUIC
internal import SwiftProtobuf

extension RequestScope {
    /// Ends the request: the last frame, FIN, and then word that nothing more is read.
    ///
    /// A result that exists is said, whatever was decided meanwhile: the effect stays.
    func finish(_ verdict: Verdict, _ outcome: HandlerOutcome?) async {
        if case .abandoned = verdict { return abandon() }
        let last: WireServerFrame.OneOf_Frame
        var stop = ResetCode.none
        switch (verdict, outcome) {
        case (_, .success(let result)?):
            last = .result(.with { $0.result = result })
        case (.refused(let error), _), (_, .failure(let error)?):
            stop = error.stop
            last = .error(session.server.describe(error, in: self))
        case (.handled, nil), (.abandoned, nil):
            return abandon()
        }
        do throws(RequestError) {
            try await sendLast(encodeLast(last))
        } catch {
            return abandon()
        }
        stream.finish()
        stream.stopSending(code: stop.rawValue)
    }

    /// A result that does not fit a frame is a fault of ours, and said as one.
    private func encodeLast(
        _ last: WireServerFrame.OneOf_Frame
    ) throws(RequestError) -> [UInt8] {
        do throws(RequestError) {
            return try encode(last)
        } catch {
            return try encode(.error(session.server.describe(error, in: self)))
        }
    }

    private func abandon() {
        stream.reset(code: ResetCode.cancelled.rawValue)
        stream.stopSending(code: ResetCode.cancelled.rawValue)
    }
}
