internal import Glibc

/// IP addresses as text, read by the system's own parser.
enum AddressText {
    /// 4 or 16 octets in network order, nil when `text` is no address.
    static func octets(of text: String) -> [UInt8]? {
        self.parse(text, AF_INET, 4) ?? self.parse(text, AF_INET6, 16)
    }

    /// Canonical text of 4 or 16 octets.
    static func text(of octets: [UInt8]) -> String? {
        let family = octets.count == 4 ? AF_INET : AF_INET6
        guard octets.count == 4 || octets.count == 16 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let done = unsafe buffer.withUnsafeMutableBufferPointer { target in
            unsafe inet_ntop(family, octets, target.baseAddress, socklen_t(target.count)) != nil
        }
        guard done else { return nil }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func parse(_ text: String, _ family: Int32, _ length: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: length)
        let result = unsafe octets.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(family, text, buffer.baseAddress)
        }
        return result == 1 ? octets : nil
    }
}
