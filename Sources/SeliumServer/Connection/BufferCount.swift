/// What one connection makes the server hold.
///
/// Bytes that were read and not taken yet, and answers on their way to a stream, are counted one by
/// one; what the streams themselves hold is known when somebody looks. In between every byte written
/// counts as held, so the sum is never too small by more than what arrived since.
struct BufferCount: Sendable {
    /// Taken from a stream, or made for one.
    private(set) var inHand = 0
    /// In the streams, when it was last looked at.
    private var inStreams = 0
    /// Written to streams since then.
    private(set) var sinceSample = 0

    private var isOver = false

    /// All of it.
    var total: Int { inHand + inStreams + sinceSample }

    /// Whether a look could change anything although nobody is served.
    var isEmpty: Bool { total == 0 }

    mutating func changeInHand(by bytes: Int) { inHand += bytes }

    mutating func wrote(_ bytes: Int) { sinceSample += bytes }

    mutating func sampled(_ bytes: Int) {
        guard !isOver else { return }
        inStreams = bytes
        sinceSample = 0
    }

    /// The connection is over: nothing is held any more, whoever still looks. Returns what was.
    mutating func end() -> Int {
        let total = total
        self = BufferCount()
        isOver = true
        return total
    }
}
