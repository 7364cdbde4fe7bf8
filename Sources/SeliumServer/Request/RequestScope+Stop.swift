internal import SeliumProtocol
internal import SeliumQUIC
internal import Synchronization

extension RequestScope {
    /// Waits for word that nobody reads the answer: a request that has nothing to write for a long
    /// time would not hear it otherwise. Ends when the task is cancelled.
    ///
    /// A reset of the client's half alone says nothing of that; the pump judges it.
    func noticeStop() async {
        guard await stream.stopped().code == .stopSending else { return }
        state.withLock { _ = $0.machine.receivedStopSending() }
        decide(.abandoned)
    }
}
