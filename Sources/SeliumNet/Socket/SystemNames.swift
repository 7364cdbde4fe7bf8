internal import CPosix

/// What getaddrinfo says. Blocks.
enum SystemNames {
    enum Answer: Sendable {
        case addresses([IPAddress])
        case failed(NetError.Code, errno: Int32?)
    }

    static func addresses(of name: HostName, atMost limit: Int) -> Answer {
        var found = [cposix_address](repeating: cposix_address(), count: limit)
        let count = unsafe found.withUnsafeMutableBufferPointer { found in
            unsafe cposix_resolve(name.description, found.baseAddress, Int32(found.count))
        }
        switch Int(count) {
        case 1...:
            let addresses = found[..<Int(count)].compactMap { $0.socketAddress?.address }
            return addresses.isEmpty ? .failed(.unknownName, errno: nil) : .addresses(addresses)
        case 0, Int(CPOSIX_NAME_UNKNOWN): return .failed(.unknownName, errno: nil)
        case Int(CPOSIX_NAME_TRY_AGAIN): return .failed(.temporaryNameFailure, errno: nil)
        case Int(CPOSIX_NAME_FAILED): return .failed(.other, errno: nil)
        default: return .failed(NetError.Code(errno: -count), errno: -count)
        }
    }
}
