internal import SeliumClient

/// Everything a command knows of the world besides its flags: where it reads and writes, whether a
/// person sits there, the environment, and the clock.
struct Console: Sendable {
    var out: any OutputSink
    var err: any OutputSink
    var input: any InputSource
    var isOutTerminal: Bool
    var isErrTerminal: Bool
    var isInputTerminal: Bool
    var environment: [String: String]
    /// Nanoseconds since 1970.
    var now: @Sendable () -> Int64

    /// Writes text for people or data to stdout.
    func write(_ text: String) async throws(ClosedOutput) {
        try await out.write(Array(text.utf8))
    }

    /// Writes diagnostics to stderr; a closed stderr is nobody's problem.
    func warn(_ text: String) async {
        try? await err.write(Array(text.utf8))
    }
}
