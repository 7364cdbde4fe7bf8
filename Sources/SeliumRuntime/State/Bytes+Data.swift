import Foundation
import GRDB

// The one place where Foundation's byte container is needed: it is what the database takes.

extension [UInt8] {
    var data: Data { Data(self) }
}

extension Row {
    /// A blob column; empty when it is missing or NULL.
    func bytes(_ column: String) -> [UInt8] { (self[column] as Data?).map { Array($0) } ?? [] }
}
