internal import CPosix

/// What can be set and asked of a socket as a number.
enum SocketOption: Sendable {
    case error, reuseAddress, reusePort, onlyV6, noDelay, keepAlive, sendBuffer, receiveBuffer
    case broadcast, ttl, hops, multicastTTL, multicastLoop, multicastHops, multicastLoopV6
    case multicastInterfaceV6, keepIdle, keepInterval, keepCount

    fileprivate var system: Int32 {
        let option =
            switch self {
            case .error: CPOSIX_ERROR
            case .reuseAddress: CPOSIX_REUSE_ADDRESS
            case .reusePort: CPOSIX_REUSE_PORT
            case .onlyV6: CPOSIX_ONLY_V6
            case .noDelay: CPOSIX_NO_DELAY
            case .keepAlive: CPOSIX_KEEP_ALIVE
            case .sendBuffer: CPOSIX_SEND_BUFFER
            case .receiveBuffer: CPOSIX_RECEIVE_BUFFER
            case .broadcast: CPOSIX_BROADCAST
            case .ttl: CPOSIX_TTL
            case .hops: CPOSIX_HOPS
            case .multicastTTL: CPOSIX_MULTICAST_TTL
            case .multicastLoop: CPOSIX_MULTICAST_LOOP
            case .multicastHops: CPOSIX_MULTICAST_HOPS
            case .multicastLoopV6: CPOSIX_MULTICAST_LOOP_V6
            case .multicastInterfaceV6: CPOSIX_MULTICAST_INTERFACE_V6
            case .keepIdle: CPOSIX_KEEP_IDLE
            case .keepInterval: CPOSIX_KEEP_INTERVAL
            case .keepCount: CPOSIX_KEEP_COUNT
            }
        return Int32(option.rawValue)
    }
}

extension Socket {
    func option(_ option: SocketOption) throws(Failure) -> Int32 {
        var value: Int32 = 0
        try call { unsafe cposix_get_option($0, option.system, &value) }
        return value
    }

    func set(_ option: SocketOption, _ value: Int) throws(Failure) {
        try call { cposix_set_option($0, option.system, Int32(clamping: value)) }
    }

    func set(_ option: SocketOption, _ value: Bool) throws(Failure) {
        try set(option, value ? 1 : 0)
    }

    /// The process that connected, or listens, at the other end of a Unix socket.
    func peerCredentials() throws(Failure) -> PeerCredentials {
        var (process, user, group) = (Int32(0), UInt32(0), UInt32(0))
        try call { unsafe cposix_peer_credentials($0, &process, &user, &group) }
        return PeerCredentials(processID: process, userID: user, groupID: group)
    }

    /// Seconds that closing waits for what is unsent; nil: closing does not wait.
    func linger() throws(Failure) -> Int? {
        var seconds: Int32 = 0
        try call { unsafe cposix_get_linger($0, &seconds) }
        return seconds < 0 ? nil : Int(seconds)
    }

    func setLinger(_ seconds: Int?) throws(Failure) {
        try call { cposix_set_linger($0, seconds.map { Int32(clamping: max($0, 0)) } ?? -1) }
    }
}
