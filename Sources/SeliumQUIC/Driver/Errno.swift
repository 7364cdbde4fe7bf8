internal import Glibc
internal import NIOCore

/// Error numbers that mean something to us.
enum Errno {
    static let connectionRefused: CInt = ECONNREFUSED
    static let addressInUse: CInt = EADDRINUSE
    /// How a batch of segments fails that the interface or its driver cannot cut (Linux, udp_send_skb).
    static let segmentation: [CInt] = [EIO, EINVAL, EOPNOTSUPP]
    private static let unusable: [CInt] = [
        EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENETUNREACH, EHOSTUNREACH,
    ]

    /// What a failed bind or connect means.
    static func error(_ error: any Error, doing what: String) -> QUICError {
        guard let error = error as? IOError else {
            return QUICError(.socket, "\(what) failed: \(error)")
        }
        let code: QUICError.Code =
            switch error.errnoCode {
            case addressInUse: .addressInUse
            case connectionRefused: .refused
            case let number where unusable.contains(number): .invalidAddress
            default: .socket
            }
        return QUICError(
            code, "\(what) failed: \(error.localizedReason)", errno: error.errnoCode)
    }
}

extension IOError {
    fileprivate var localizedReason: String { self.description }
}
