internal import Glibc

/// Reading one file of a certificate directory, with the check a private key asks for.
public enum CertificateFile {
    /// A certificate or key file is far smaller; more is something else.
    public static let maximumLength = 1 << 20

    /// The bytes of a certificate file.
    ///
    /// - Throws: `missing`, `unreadable`.
    public static func read(_ path: String) throws(CertificateError) -> [UInt8] {
        try self.open(path, asKey: false)
    }

    /// The bytes of a private key file, which must belong to us or to root, and be closed to others
    /// and, unless root owns it, to its group. The descriptor is judged, not the path.
    ///
    /// - Throws: `missing`, `unreadable`, `unsafeKeyFile` (with the mode).
    public static func readKey(_ path: String) throws(CertificateError) -> [UInt8] {
        try self.open(path, asKey: true)
    }

    private static func open(_ path: String, asKey: Bool) throws(CertificateError) -> [UInt8] {
        let number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        let error = errno
        guard let file = FileDescriptor(number) else {
            throw CertificateError(
                error == ENOENT ? .missing : .unreadable,
                "cannot read \(path): \(errorText(error))", path: path)
        }
        return try self.read(file, path: path, asKey: asKey)
    }

    static func read(
        _ file: borrowing FileDescriptor, path: String, asKey: Bool
    ) throws(CertificateError) -> [UInt8] {
        guard let status = file.status(), status.isRegular else {
            throw CertificateError(.unreadable, "\(path) is not a file", path: path)
        }
        if asKey {
            try KeyFileRule.check(
                owner: status.owner, mode: status.mode, user: geteuid(), path: path)
        }
        guard let bytes = file.readAll(limit: self.maximumLength) else {
            throw CertificateError(.unreadable, "cannot read \(path)", path: path)
        }
        return bytes
    }
}
