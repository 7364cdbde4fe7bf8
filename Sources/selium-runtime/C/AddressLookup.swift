import Glibc
import SeliumNetCore

/// Asks the system for a name's addresses.
enum AddressLookup {
    /// The most addresses of one name that are listened at.
    static let maximumAddresses = 16

    /// The addresses, none when the name has none; blocks while the system looks.
    static func addresses(of host: String) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        var found: [IPAddress] = []
        var entry = unsafe list
        while let current = unsafe entry, found.count < maximumAddresses {
            if let address = unsafe address(current.pointee), !found.contains(address) {
                found.append(address)
            }
            unsafe entry = current.pointee.ai_next
        }
        return found
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let generic = unsafe entry.ai_addr else { return nil }
        switch unsafe entry.ai_family {
        case AF_INET:
            return unsafe generic.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                var raw = unsafe pointer.pointee.sin_addr
                return unsafe IPAddress(octets: withUnsafeBytes(of: &raw) { unsafe Array($0) })
            }
        case AF_INET6:
            return unsafe generic.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                var raw = unsafe pointer.pointee.sin6_addr
                return unsafe IPAddress(octets: withUnsafeBytes(of: &raw) { unsafe Array($0) })
            }
        default:
            return nil
        }
    }
}
