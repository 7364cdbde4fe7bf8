import Glibc

@testable import SeliumClient

/// A UDP socket that takes everything and answers nothing.
final class SilentSocket {
    let port: UInt16
    private let descriptor: Int32

    /// On 127.0.0.`last`; port 0 takes a free one.
    init(last: UInt8 = 1, port wanted: UInt16 = 0) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = (0x7f00_0000 | UInt32(last)).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) | getsockname(descriptor, generic, &length)
            }
        }
        guard status == 0 else { throw ClientError(.unknown, "no socket") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
