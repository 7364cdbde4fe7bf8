import Foundation

/// The JSON object a command prints, in the order its fields were set.
struct Report {
    private var fields: [String] = []

    mutating func set(_ name: String, _ value: Int) { self.fields.append("\"\(name)\":\(value)") }
    mutating func set(_ name: String, _ value: UInt64) {
        self.fields.append("\"\(name)\":\(value)")
    }
    mutating func set(_ name: String, _ value: Bool) { self.fields.append("\"\(name)\":\(value)") }

    /// Two decimals: finer than anything here repeats; null for a figure that there is not.
    mutating func set(_ name: String, _ value: Double?) {
        let text = value.map { String(format: "%.2f", $0) } ?? "null"
        self.fields.append("\"\(name)\":\(text)")
    }

    mutating func set(_ name: String, _ text: String) {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20: String(format: "\\u%04x", scalar.value)
            default: String(scalar)
            }
        }
        self.fields.append("\"\(name)\":\"\(escaped.joined())\"")
    }

    /// The figures of a distribution: count, p50, p99, smallest, all in microseconds.
    mutating func set(_ samples: Samples, prefix: String = "") {
        self.set("\(prefix)p50_us", samples.microseconds(at: 0.5))
        self.set("\(prefix)p99_us", samples.microseconds(at: 0.99))
        self.set("\(prefix)min_us", samples.microseconds(at: 0))
    }

    func write() {
        writeLine("{\(self.fields.joined(separator: ","))}")
    }
}

/// A line on stdout, at once: whoever reads it may be waiting for it.
func writeLine(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}
