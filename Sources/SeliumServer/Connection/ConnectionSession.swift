internal import SeliumKernel
internal import SeliumQUIC
internal import Synchronization

/// One connection of one caller: its requests and what they have in use together.
final class ConnectionSession: Sendable {
    private struct State {
        var requests: [UInt64: RequestScope] = [:]
        var longLived = 0
        var largeFrameBytes = 0
        var buffers = BufferCount()
        /// The clock's look at what the streams hold is under way.
        var isSampling = false
        /// When the last request ended, or the connection began.
        var quietSince: UInt64
    }

    let connection: QUICConnection
    let caller: Caller
    /// What the caller's identity has in use, here and elsewhere.
    let account: IdentityAccount
    let server: ControlServer
    let configuration: ServerConfiguration
    private let state: Mutex<State>

    init(
        _ connection: QUICConnection, _ caller: Caller, _ account: IdentityAccount,
        _ server: ControlServer
    ) {
        self.connection = connection
        self.caller = caller
        self.account = account
        self.server = server
        configuration = server.configuration
        state = Mutex(State(quietSince: server.configuration.monotonicTime()))
    }

    /// Serves every stream the client opens, until the connection is over.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await stream in connection.inboundStreams {
                group.addTask { await RequestTask(stream, self).run() }
            }
            group.cancelAll()
        }
    }

    // MARK: Requests under way

    func insert(_ scope: RequestScope) {
        state.withLock { $0.requests[scope.stream.id] = scope }
    }

    func remove(_ scope: RequestScope) {
        state.withLock { state in
            state.requests[scope.stream.id] = nil
            if state.requests.isEmpty { state.quietSince = configuration.monotonicTime() }
        }
    }

    var requests: [RequestScope] { state.withLock { Array($0.requests.values) } }

    /// Since when nothing has been under way; nil while something is.
    var quietSince: UInt64? {
        state.withLock { $0.requests.isEmpty ? $0.quietSince : nil }
    }

    /// Whether a request is under way.
    var isServing: Bool { state.withLock { !$0.requests.isEmpty } }

    /// Whether the clock has to look at what the streams hold; then `endSampling` follows. One look
    /// at a time, however long it takes.
    func beginSampling() -> Bool {
        state.withLock { state in
            guard !state.isSampling, !state.requests.isEmpty || !state.buffers.isEmpty else {
                return false
            }
            state.isSampling = true
            return true
        }
    }

    func endSampling() {
        state.withLock { $0.isSampling = false }
    }

    func withBuffers<R: Sendable>(_ body: (inout BufferCount) -> R) -> R {
        state.withLock { body(&$0.buffers) }
    }

    // MARK: What they share

    func beginLongLived() -> Bool {
        state.withLock { state in
            guard state.longLived < configuration.maximumLongLived else { return false }
            state.longLived += 1
            return true
        }
    }

    func endLongLived() {
        state.withLock { $0.longLived -= 1 }
    }

    func reserveLargeFrame(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.largeFrameBytes + bytes <= configuration.largeFrameBytes else {
                return false
            }
            state.largeFrameBytes += bytes
            return true
        }
    }

    func releaseLargeFrame(_ bytes: Int) {
        guard bytes > 0 else { return }
        state.withLock { $0.largeFrameBytes -= bytes }
    }
}
