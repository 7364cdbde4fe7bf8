internal import CPosix
internal import Glibc

/// The file that binding a Unix socket to a path made: removed with the socket, and only if nobody
/// has put another in its place.
struct SocketFile: Sendable {
    private let path: String
    private let device: UInt64
    private let inode: UInt64

    /// Nil for an address that is no path, or a file that is gone.
    init?(_ address: UnixAddress) {
        guard let path = address.path, let (device, inode, isSocket) = Self.look(path), isSocket
        else { return nil }
        (self.path, self.device, self.inode) = (path, device, inode)
    }

    func remove() {
        guard let (device, inode, _) = Self.look(path), device == self.device, inode == self.inode
        else { return }
        unsafe unlink(path)
    }

    /// Removes a socket's file that nobody listens on. Returns whether the path is free now.
    static func removeStale(_ address: UnixAddress, unless failure: Failure) throws(Failure) -> Bool
    {
        guard case .system(EADDRINUSE) = failure, let path = address.path,
            let (_, _, isSocket) = look(path), isSocket
        else { return false }
        for kind in [CPOSIX_STREAM, CPOSIX_DATAGRAM] {
            let probe = try Call.checked(cposix_socket(Int32(CPOSIX_UNIX), Int32(kind)))
            defer { _ = cposix_close(probe) }
            var system = cposix_address(address)
            switch -(unsafe cposix_connect(probe, &system)) {
            case ECONNREFUSED, EPROTOTYPE: continue
            default: return false
            }
        }
        return unsafe unlink(path) == 0
    }

    private static func look(_ path: String) -> (UInt64, UInt64, Bool)? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return (
            UInt64(status.st_dev), UInt64(status.st_ino),
            status.st_mode & mode_t(S_IFMT) == mode_t(S_IFSOCK)
        )
    }
}
