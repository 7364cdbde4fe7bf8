/// A process's stdin: bounded bytes between one writer and the guest.
///
/// One writer at a time holds a claim; giving it up leaves stdin open for the next, ending it ends
/// stdin for good. A process that ended swallows everything.
public struct InputBuffer: Sendable {
    private enum State: Hashable {
        /// More may come.
        case open
        /// The writer said there is no more; the guest reads the rest, then sees the end.
        case finished
        /// The process ended.
        case closed
    }

    /// What a guest's read gives.
    public enum Reading: Sendable, Hashable {
        /// At least one byte.
        case bytes([UInt8])
        /// There will be none any more.
        case end
        /// Nothing now; try again after the next write.
        case wait
    }

    private var bytes: [UInt8] = []
    /// Where the unread bytes begin in `bytes`.
    private var head = 0
    private var state: State
    private var claim: UInt64?
    private var claims: UInt64 = 0
    private let capacity: Int

    /// A stdin that takes input, or one that has ended from the start.
    public init(takesInput: Bool, capacity: Int = Limits.inputBytes) {
        state = takesInput ? .open : .finished
        self.capacity = capacity
    }

    /// Bytes that wait to be read.
    public var count: Int { bytes.count - head }

    /// Whether a read would not have to wait.
    public var isReadable: Bool { count > 0 || state != .open }

    /// Takes the writer's place. Fails with `busy` when somebody has it, `ended` when stdin is over;
    /// of a process that ended everybody may have it, for nothing.
    public mutating func open() throws(KernelError) -> UInt64 {
        guard claim == nil || state == .closed else {
            throw KernelError(
                .busy, "another writer holds the process's stdin",
                remedy: "wait until it detaches; the output can be read meanwhile")
        }
        guard state != .finished else {
            throw KernelError(.ended, "the process's stdin has ended")
        }
        claims += 1
        claim = claims
        return claims
    }

    /// Gives the writer's place up; an old claim changes nothing.
    public mutating func release(_ token: UInt64) {
        if claim == token { claim = nil }
    }

    /// Takes as many bytes as fit and says how many; all of them when the process has ended.
    ///
    /// Fails with `ended` when stdin was ended, or the claim is not the present one.
    public mutating func write(_ more: ArraySlice<UInt8>, token: UInt64) throws(KernelError) -> Int
    {
        guard state != .closed else { return more.count }
        guard claim == token else { throw KernelError(.ended, "this claim on stdin was given up") }
        guard state == .open else { throw KernelError(.ended, "the process's stdin has ended") }
        let room = max(0, capacity - count)
        bytes.append(contentsOf: more.prefix(room))
        return min(room, more.count)
    }

    /// Ends stdin for good; the guest reads what is left, then the end.
    public mutating func finish(token: UInt64) {
        guard claim == token, state == .open else { return }
        state = .finished
    }

    /// The process ended: nobody reads any more.
    public mutating func close() {
        state = .closed
        bytes = []
        head = 0
    }

    /// The guest reads at most `limit` bytes (at least 1 is asked for).
    public mutating func read(atMost limit: Int) -> Reading {
        guard count > 0 else { return state == .open ? .wait : .end }
        let end = min(bytes.count, head + max(1, limit))
        let part = Array(bytes[head..<end])
        head = end
        if head == bytes.count {
            bytes = []
            head = 0
        } else if head >= capacity {
            bytes.removeSubrange(..<head)
            head = 0
        }
        return .bytes(part)
    }
}
