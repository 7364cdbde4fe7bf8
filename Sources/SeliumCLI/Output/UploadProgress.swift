internal import SeliumClient
internal import Synchronization

/// One line on a terminal that says how far an upload is.
final class UploadProgress: Sendable {
    private struct State {
        var percent: UInt64?
        var isShown = false
    }

    private let state = Mutex(State())
    private let name: String
    private let sink: any OutputSink

    init(_ name: String, _ sink: any OutputSink) {
        self.name = Escape.foreign(name)
        self.sink = sink
    }

    /// Called while the start is under way; never waits.
    func report(_ progress: StartProgress) {
        let text: String? = state.withLock { state in
            switch progress {
            case .uploading(let done, let total):
                let percent = total == 0 ? 100 : done / max(total / 100, 1)
                guard percent != state.percent else { return nil }
                state.percent = percent
                state.isShown = true
                return
                    "\r\u{1b}[Kuploading \(name): \(Quantity.size(done)) of \(Quantity.size(total)) (\(min(percent, 100)) %)"
            case .compiling:
                state.isShown = true
                return "\r\u{1b}[Kcompiling \(name) …"
            case .working: return nil
            }
        }
        if let text { sink.post(Array(text.utf8)) }
    }

    /// Takes the line away again.
    func clear() {
        let isShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if isShown { sink.post(Array("\r\u{1b}[K".utf8)) }
    }
}
