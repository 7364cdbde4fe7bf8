internal import CPosix

extension cposix_address {
    init(_ address: SocketAddress) {
        self.init()
        port = address.port
        flow = address.flowInfo
        switch address.address {
        case .v4(let v4):
            family = Int32(CPOSIX_IPV4)
            low = UInt64(v4.bits)
        case .v6(let v6):
            family = Int32(CPOSIX_IPV6)
            high = v6.high
            low = v6.low
            scope = v6.scopeID
        }
    }

    init(_ address: UnixAddress) {
        self.init()
        family = Int32(CPOSIX_UNIX)
        let bytes: [UInt8] =
            switch address.kind {
            case .unnamed: []
            case .path(let path): path
            case .abstract(let name): [0] + name
            }
        length = UInt32(bytes.count)
        unsafe withUnsafeMutableBytes(of: &path) { unsafe $0.copyBytes(from: bytes) }
    }

    /// Nil for a Unix socket's.
    var socketAddress: SocketAddress? {
        switch Int(family) {
        case Int(CPOSIX_IPV4):
            SocketAddress(IPv4Address(bits: UInt32(truncatingIfNeeded: low)), port: port)
        case Int(CPOSIX_IPV6):
            SocketAddress(
                IPv6Address(high: high, low: low, scopeID: scope), port: port, flowInfo: flow)
        default: nil
        }
    }

    /// Nil for one of the internet families; unnamed for what the kernel names in no way.
    var unixAddress: UnixAddress? {
        guard family == Int32(CPOSIX_UNIX) || family == Int32(CPOSIX_NO_FAMILY) else { return nil }
        let bytes = unsafe withUnsafeBytes(of: path) { raw in
            unsafe [UInt8](raw.prefix(Int(length)))
        }
        guard let first = bytes.first else { return .unnamed }
        if first == 0 {
            return (try? UnixAddress(abstract: Array(bytes.dropFirst()))) ?? .unnamed
        }
        // 108 bytes without a NUL are possible for the kernel and no address here.
        return (try? UnixAddress(path: bytes)) ?? .unnamed
    }

    var endpoint: EndpointAddress? {
        if let socketAddress { return .ip(socketAddress) }
        return unixAddress.map { .unix($0) }
    }
}

extension EndpointAddress {
    var system: cposix_address {
        switch self {
        case .ip(let address): cposix_address(address)
        case .unix(let address): cposix_address(address)
        }
    }
}
