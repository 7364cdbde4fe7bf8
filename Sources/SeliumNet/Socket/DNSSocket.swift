internal import CPosix
internal import Glibc

/// A datagram socket with a random port and one server: the kernel lets nobody else's datagrams in.
///
/// Its descriptor is given back when the last who holds it is done, so that no call ever hits a
/// stranger's file of the same number.
final class DNSSocket: ReactorClient {
    /// What the resolver knows it by.
    let number: Int
    /// Whom it is connected to.
    let server: SocketAddress
    private let descriptor: Int32
    private let reactor: Reactor
    private weak let driver: ResolverDriver?

    /// Opens one. The kernel chooses the port at random when it is connected.
    init(
        _ number: Int, to server: SocketAddress, for driver: ResolverDriver, _ reactor: Reactor
    ) throws(Failure) {
        self.number = number
        self.server = server
        self.reactor = reactor
        self.driver = driver
        let family = server.isIPv4 ? CPOSIX_IPV4 : CPOSIX_IPV6
        descriptor = try Call.checked(cposix_socket(Int32(family), Int32(CPOSIX_DATAGRAM)))
        var address = cposix_address(server)
        try Call.checked(unsafe cposix_connect(descriptor, &address))
    }

    deinit { _ = cposix_close(descriptor) }

    /// Is told of what comes from now on; returns what to forget it by.
    func watch() throws(Failure) -> UInt64 {
        try reactor.add(descriptor, for: self)
    }

    /// Nobody listens to it any more.
    func unwatch(_ token: UInt64) {
        reactor.remove(token, descriptor)
    }

    /// The number of bytes sent, or -errno.
    func send(_ message: [UInt8]) -> Int64 {
        Socket.write(descriptor, from: message.span)
    }

    /// The number of bytes received, or -errno.
    func receive(into buffer: inout [UInt8]) -> Int64 {
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe cposix_receive(descriptor, bytes.baseAddress, bytes.count, 0)
        }
    }

    func handleEvent(_ direction: Readiness.Direction) {
        guard let driver else { return }
        guard direction == .reading else {
            driver.flush(self)
            return
        }
        driver.receive(self)
    }

    func handleTimeout(at armed: UInt64, now: UInt64) -> UInt64? {
        driver?.receive(self)
        return nil
    }

    /// It is armed for this moment, or the one after.
    func isArmed(at deadline: UInt64) -> Bool { true }
}

/// The resolver's place among those the reactor wakes up.
final class ResolverAlarm: ReactorClient {
    private weak let driver: ResolverDriver?

    init(_ driver: ResolverDriver) {
        self.driver = driver
    }

    func handleEvent(_ direction: Readiness.Direction) {}

    func handleTimeout(at armed: UInt64, now: UInt64) -> UInt64? {
        driver?.handleTimeout(at: armed, now: now)
    }

    /// Who knows it better has a lock that may not be taken here. Each that fires adds one at most, so
    /// they do not grow.
    func isArmed(at deadline: UInt64) -> Bool { true }
}
