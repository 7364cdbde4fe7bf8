/// Who may be able to read a private key: its owner, being us or root.
package enum KeyFileRule {
    private static let root: UInt32 = 0

    /// Judges owner and permission bits; `user` is who we are.
    package static func check(
        owner: UInt32, mode: UInt32, user: UInt32, path: String
    ) throws(CertificateError) {
        guard owner == user || owner == self.root else {
            throw CertificateError(
                .unsafeKeyFile, "\(path) belongs to another user", path: path, mode: mode)
        }
        // root hands keys to services through a group of their own.
        let forbidden: UInt32 = owner == self.root ? 0o007 : 0o077
        guard mode & forbidden == 0 else {
            let octal = String(mode & 0o777, radix: 8)
            let padded = String(repeating: "0", count: max(0, 4 - octal.count)) + octal
            throw CertificateError(
                .unsafeKeyFile, "\(path) is readable by others (\(padded))", path: path, mode: mode)
        }
    }
}
