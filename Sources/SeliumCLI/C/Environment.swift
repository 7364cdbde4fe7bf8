internal import Glibc

/// The environment of the own process.
enum Environment {
    /// All variables; the first of one name counts, as for getenv.
    static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                let name = String(pair[..<equals])
                if variables[name] == nil {
                    variables[name] = String(pair[pair.index(after: equals)...])
                }
            }
            unsafe entry = entry.advanced(by: 1)
        }
        return variables
    }
}
