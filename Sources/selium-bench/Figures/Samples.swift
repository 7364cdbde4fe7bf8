/// Durations of one kind, in nanoseconds.
struct Samples: Sendable {
    private(set) var nanoseconds: [UInt64] = []

    var count: Int { self.nanoseconds.count }

    mutating func add(_ duration: UInt64) { self.nanoseconds.append(duration) }
    mutating func add(_ others: Samples) { self.nanoseconds += others.nanoseconds }

    /// The sample below which `part` of all lie, in microseconds; none without samples: what was never
    /// measured is not fast.
    func microseconds(at part: Double) -> Double? {
        guard !self.nanoseconds.isEmpty else { return nil }
        let ordered = self.nanoseconds.sorted()
        let index = min(ordered.count - 1, Int(Double(ordered.count) * part))
        return Double(ordered[index]) / 1000
    }
}
