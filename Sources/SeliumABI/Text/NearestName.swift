/// Finds what somebody probably meant.
public enum NearestName {
    /// The name among `candidates` that is closest to `text`, or nil when none is close: at most a
    /// third of the letters (at least one, at most three) inserted, removed, changed or swapped with
    /// a neighbour. Case does not count. The first of equally close ones wins.
    public static func of(_ text: String, among candidates: some Sequence<String>) -> String? {
        // Nobody mistypes something this long, and the table below is quadratic.
        guard text.utf8.count <= 64 else { return nil }
        let wanted = Array(text.lowercased().unicodeScalars)
        var best: (name: String, distance: Int)?
        for name in candidates {
            let other = Array(name.lowercased().unicodeScalars)
            let allowed = max(1, min(3, max(wanted.count, other.count) / 3))
            let distance = editDistance(wanted, other)
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (name, distance) }
        }
        return best?.name
    }

    /// Damerau–Levenshtein, with swaps of neighbours only.
    private static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var best = min(
                    previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, before[j - 1] + 1)
                }
                row.append(best)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
