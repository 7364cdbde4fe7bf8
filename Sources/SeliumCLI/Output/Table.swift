/// Columns of text, as wide as their widest cell, two spaces apart; the last column is not padded.
struct Table {
    private let header: [String]
    private var rows: [[String]] = []
    /// Columns of numbers stand to the right.
    private let rightAligned: Set<Int>

    init(_ header: [String], rightAligned: Set<Int> = []) {
        self.header = header
        self.rightAligned = rightAligned
    }

    /// Adds a row; missing cells are empty.
    mutating func append(_ row: [String]) { rows.append(row) }

    /// The lines, the header first unless it is empty.
    var text: String {
        let all = header.isEmpty ? rows : [header] + rows
        let columns = all.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                if rightAligned.contains(column) {
                    line += space + cell
                } else {
                    line += cell + (column == row.count - 1 ? "" : space)
                }
                if column < row.count - 1 { line += "  " }
            }
            return line + "\n"
        }.joined()
    }
}
