internal import Glibc

/// The environment of the own process.
enum Environment {
    /// All variables; the first of one name counts, as for getenv.
    static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            // Cut as bytes: comparing characters would cost more than all the rest of it.
            let bytes = unsafe UnsafeBufferPointer(start: text, count: strlen(text))
                .withMemoryRebound(to: UInt8.self) { unsafe Array($0) }
            if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
                let name = String(decoding: bytes[..<equals], as: UTF8.self)
                if variables[name] == nil {
                    variables[name] = String(decoding: bytes[(equals + 1)...], as: UTF8.self)
                }
            }
            unsafe entry = entry.advanced(by: 1)
        }
        return variables
    }
}
