internal import DequeModule

extension CoreConnection {
    /// Whose turn it is; nil when no stream has anything to send.
    func nextToSend() -> CoreStream? {
        while let stream = sendQueue.first {
            if stream.hasSomethingToSend { return stream }
            dequeueFirst()
        }
        return nil
    }

    private func dequeueFirst() {
        guard let stream = sendQueue.popFirst() else { return }
        stream.isQueued = false
    }

    /// The library took `count` bytes of the stream at the head, and its FIN when there was one and
    /// nothing is left. The next stream has its turn.
    func sent(_ count: Int, of stream: CoreStream) {
        stream.outbox.sent(count)
        if stream.sending == .finishing, stream.outbox.unsentCount == 0 {
            stream.sending = .finished
        }
        dequeueFirst()
        if stream.hasSomethingToSend {
            stream.isQueued = true
            sendQueue.append(stream)
        }
    }

    /// The stream at the head has spent its own window: it comes back when that opens.
    func blocked() {
        dequeueFirst()
    }

    /// The stream at the head cannot send any more: reset, stopped or gone.
    func cannotSend(_ stream: CoreStream) {
        dequeueFirst()
        if case .open = stream.sending { stream.sending = .reset }
        if case .finishing = stream.sending { stream.sending = .reset }
    }
}
