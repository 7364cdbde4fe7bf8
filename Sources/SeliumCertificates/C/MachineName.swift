internal import Glibc

/// What this machine calls itself.
enum MachineName {
    /// Longest name Linux allows, with its end.
    private static let capacity = 256

    /// The name, nil when it has none.
    static var current: String? {
        var buffer = [CChar](repeating: 0, count: self.capacity)
        let result = unsafe buffer.withUnsafeMutableBufferPointer { target -> Int32 in
            guard let base = target.baseAddress else { return -1 }
            return unsafe gethostname(base, target.count - 1)
        }
        guard result == 0 else { return nil }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
