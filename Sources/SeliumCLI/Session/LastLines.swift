internal import Synchronization

/// The end of what a program says about itself, for the message of its failure.
final class LastLines: Sendable {
    /// Lines that are kept.
    static let maximum = 5
    /// Bytes of one line; of one that is longer the beginning is forgotten.
    static let maximumLine = 4096

    private struct State {
        var lines: [String] = []
        var rest: [UInt8] = []
    }

    private let state = Mutex(State())

    /// The last of them, the one that has not ended too.
    var lines: [String] {
        state.withLock { state in
            let rest = state.rest.isEmpty ? [] : [String(decoding: state.rest, as: UTF8.self)]
            return (state.lines + rest).suffix(Self.maximum)
        }
    }

    /// Takes what was said next; the lines that have ended with it.
    @discardableResult
    func append(_ bytes: [UInt8]) -> [String] {
        state.withLock { state in
            var parts = (state.rest + bytes).split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            state.rest = Array((parts.popLast() ?? []).suffix(Self.maximumLine))
            let ended = parts.map { String(decoding: $0.suffix(Self.maximumLine), as: UTF8.self) }
            state.lines = (state.lines + ended).suffix(Self.maximum)
            return ended
        }
    }

    /// Forgets all of them.
    func clear() { state.withLock { $0 = State() } }
}
