/// How much linear memory the processes of each namespace hold, where that is bounded.
public struct MemoryLedger: Sendable {
    private var held: [Namespace: UInt64] = [:]
    private let limit: UInt64

    /// An empty ledger; `limit` is what each namespace may hold, bytes.
    public init(limit: UInt64 = Limits.userMemory) { self.limit = limit }

    /// What the processes of a namespace hold, bytes.
    public func held(in namespace: Namespace) -> UInt64 { held[namespace] ?? 0 }

    /// Judges a start whose memory begins with `initial` bytes, and takes nothing. Fails with
    /// `exhausted`.
    public func judge(_ initial: UInt64, in namespace: Namespace) throws(KernelError) {
        let (sum, overflow) = held(in: namespace).addingReportingOverflow(initial)
        guard overflow || sum > limit else { return }
        throw KernelError(
            .exhausted,
            "namespace \(namespace) uses \(held(in: namespace) >> 20) of \(limit >> 20) MiB of memory, its quota",
            remedy: "stop a process first: selium ps")
    }

    /// Takes the `initial` bytes of a start, so that others that are judged meanwhile count them: to
    /// be given back with `change`. Fails with `exhausted`, and takes nothing then.
    public mutating func reserve(
        _ initial: UInt64, in namespace: Namespace
    ) throws(KernelError) {
        try judge(initial, in: namespace)
        guard initial > 0 else { return }
        held[namespace] = held(in: namespace) + initial
    }

    /// A process that held `before` bytes holds `after` now. False when its namespace is beyond its
    /// limit by that.
    public mutating func change(from before: UInt64, to after: UInt64, in namespace: Namespace)
        -> Bool
    {
        let rest = held(in: namespace)
        let (sum, overflow) = (rest - min(rest, before)).addingReportingOverflow(after)
        let now = overflow ? .max : sum
        held[namespace] = now > 0 ? now : nil
        return after <= before || now <= limit
    }
}
