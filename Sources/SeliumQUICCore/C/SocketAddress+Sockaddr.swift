internal import CNGTCP2

/// A `sockaddr` of either family at an address that does not change.
@safe final class SockaddrStorage {
    private let storage: UnsafeMutablePointer<sockaddr_storage>
    private(set) var length: socklen_t = 0

    init() {
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: sockaddr_storage())
    }

    convenience init(_ address: SocketAddress) {
        self.init()
        store(address)
    }

    deinit {
        unsafe storage.deallocate()
    }

    var pointer: UnsafeMutablePointer<sockaddr> {
        unsafe UnsafeMutableRawPointer(storage).assumingMemoryBound(to: sockaddr.self)
    }

    func store(_ address: SocketAddress) {
        let raw = unsafe UnsafeMutableRawPointer(storage)
        switch address.address {
        case .v4(let v4):
            var native = sockaddr_in()
            native.sin_family = sa_family_t(AF_INET)
            native.sin_port = address.port.bigEndian
            native.sin_addr.s_addr = v4.bits.bigEndian
            unsafe raw.storeBytes(of: native, as: sockaddr_in.self)
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
        case .v6(let v6):
            var native = sockaddr_in6()
            native.sin6_family = sa_family_t(AF_INET6)
            native.sin6_port = address.port.bigEndian
            native.sin6_scope_id = v6.scopeID
            unsafe withUnsafeMutableBytes(of: &native.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: v6.high.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: v6.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            unsafe raw.storeBytes(of: native, as: sockaddr_in6.self)
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }
}

extension SocketAddress {
    /// Reads what ngtcp2 hands back; nil for a family that is neither IPv4 nor IPv6.
    init?(_ address: ngtcp2_addr) {
        guard let raw = unsafe UnsafeRawPointer(address.addr) else { return nil }
        let family = unsafe raw.loadUnaligned(as: sockaddr.self).sa_family
        if Int32(family) == AF_INET, unsafe address.addrlen >= MemoryLayout<sockaddr_in>.size {
            let native = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            self.init(
                IPv4Address(bits: UInt32(bigEndian: native.sin_addr.s_addr)),
                port: UInt16(bigEndian: native.sin_port))
        } else if Int32(family) == AF_INET6,
            unsafe address.addrlen >= MemoryLayout<sockaddr_in6>.size
        {
            var native = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            let halves = unsafe withUnsafeBytes(of: &native.sin6_addr) { bytes in
                unsafe (
                    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(
                IPv6Address(high: halves.0, low: halves.1, scopeID: native.sin6_scope_id),
                port: UInt16(bigEndian: native.sin6_port))
        } else {
            return nil
        }
    }
}

/// A path in ngtcp2's form, kept as long as packets come over the same one.
final class PathStorage {
    private let local = SockaddrStorage()
    private let remote = SockaddrStorage()
    private(set) var path: NetworkPath

    init(_ path: NetworkPath) {
        self.path = path
        local.store(path.local)
        remote.store(path.remote)
    }

    func store(_ path: NetworkPath) {
        if path == self.path { return }
        if path.local != self.path.local { local.store(path.local) }
        if path.remote != self.path.remote { remote.store(path.remote) }
        self.path = path
    }

    /// Borrowed: valid as long as this object, until the next `store`.
    var ngtcp2: ngtcp2_path {
        unsafe ngtcp2_path(
            local: ngtcp2_addr(addr: local.pointer, addrlen: local.length),
            remote: ngtcp2_addr(addr: remote.pointer, addrlen: remote.length), user_data: nil)
    }

    var remotePointer: UnsafeMutablePointer<sockaddr> { unsafe remote.pointer }
    var remoteLength: Int { Int(remote.length) }
}

extension ConnectionID {
    init(_ cid: ngtcp2_cid) {
        var copy = cid
        let length = min(copy.datalen, Self.maximumLength)
        self = unsafe withUnsafeBytes(of: &copy.data) { bytes in
            unsafe ConnectionID(pointer: bytes.baseAddress, count: length)
        }
    }

    /// Packs up to 20 bytes.
    init(pointer: UnsafeRawPointer?, count: Int) {
        var words = (UInt64(0), UInt64(0), UInt64(0))
        let length = min(max(0, count), Self.maximumLength)
        if let pointer = unsafe pointer, length > 0 {
            unsafe withUnsafeMutableBytes(of: &words) { target in
                unsafe target.baseAddress?.copyMemory(from: pointer, byteCount: length)
            }
        }
        self.init(
            length: UInt8(truncatingIfNeeded: length), first: UInt64(littleEndian: words.0),
            second: UInt64(littleEndian: words.1),
            third: UInt32(truncatingIfNeeded: UInt64(littleEndian: words.2)))
    }

    var ngtcp2: ngtcp2_cid {
        var words = (first.littleEndian, second.littleEndian, UInt64(third).littleEndian)
        var cid = ngtcp2_cid()
        cid.datalen = Int(length)
        unsafe withUnsafeMutableBytes(of: &cid.data) { target in
            unsafe withUnsafeBytes(of: &words) { source in
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(20)))
            }
        }
        return cid
    }
}
