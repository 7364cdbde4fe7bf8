/// A directory with the layout `ca|server|client` `.crt|.key`, and `issued/` beside them.
///
/// It reads no clock: `now` is seconds since 1970.
public struct CertificateDirectory: Hashable, Sendable {
    /// The files of the layout, in the order they are listed.
    public static let files = [
        "ca.crt", "ca.key", "server.crt", "server.key", "client.crt", "client.key",
    ]
    /// Where copies of issued certificates are kept.
    static let issued = "issued"

    /// Where it is.
    public let path: String

    /// Whether a certificate can be for this: a DNS name, or an IP address without brackets.
    public static func isHost(_ text: String) -> Bool {
        do {
            _ = try HostName(text)
            return true
        } catch {
            return false
        }
    }

    /// Names a directory, which need not exist.
    public init(_ path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") {
            path.removeLast()
        }
        self.path = path
    }

    /// The path of one of its files.
    public func path(of file: String) -> String {
        "\(self.path)/\(file)"
    }

    /// What is there now, certificates with their dates, in the layout's order, then the issued
    /// ones asked for by name. A directory that is not there has nothing.
    public func inspect() throws(CertificateError) -> [CertificateSummary] {
        guard let handle = try DirectoryHandle.open(self.path) else { return [] }
        return self.summaries(handle)
    }

    /// The record of a certificate issued to `name`, nil when there is none.
    public func issuedCertificate(_ name: String) throws(CertificateError) -> CertificateSummary? {
        try IdentityName.check(name)
        guard let handle = try DirectoryHandle.open(self.path), handle.has(Self.issued) else {
            return nil
        }
        let file = "\(Self.issued)/\(name).crt"
        return try handle.read(file, asKey: false).map { CertificateSummary(file: file, pem: $0) }
    }

    func summaries(_ handle: borrowing DirectoryHandle) -> [CertificateSummary] {
        var found: [CertificateSummary] = []
        for file in Self.files where handle.has(file) {
            if file.hasSuffix(".crt"), let pem = try? handle.read(file, asKey: false) {
                found.append(CertificateSummary(file: file, pem: pem))
            } else {
                found.append(CertificateSummary(file: file))
            }
        }
        return found
    }
}
