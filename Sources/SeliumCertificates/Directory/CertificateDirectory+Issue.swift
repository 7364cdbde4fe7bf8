extension CertificateDirectory {
    /// What one more client's certificate is made of.
    public struct Request: Sendable {
        /// The name it is issued to.
        public var name: String
        /// Validity in days.
        public var days = CertificateAuthority.defaultClientDays
        /// The identity inside is the operator's; `name` only names the record and the directory.
        public var isOperator = false
        /// Issue although one of that name is still valid.
        public var renews = false
        /// Where to write what is handed over; nil for `NAME-certs`.
        public var output: String?

        /// A plain request.
        public init(name: String) {
            self.name = name
        }
    }

    /// What was issued.
    public struct Issued: Sendable {
        /// The directory to hand over: ca.crt, client.crt, client.key.
        public let directory: CertificateDirectory
        /// The certificate in it.
        public let certificate: CertificateSummary
    }

    /// Issues a client's certificate with this directory's CA and writes a directory to hand over.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: `invalidName`, `reservedName`, `stillValid` (with the record), `invalidDays`,
    ///   `noAuthority`, `unsafeKeyFile`, `alreadyExists` (the output has such files),
    ///   `unsafeDirectory`, `writeFailed`.
    public func issue(_ request: Request, now: Int64) throws(CertificateError) -> Issued {
        try Self.checkName(request)
        guard let handle = try DirectoryHandle.open(self.path) else {
            throw CertificateError(
                .noAuthority, "there is no directory '\(self.path)'", path: self.path)
        }
        try handle.requireOurs()
        let authority = try self.authority(handle)
        try self.checkRecord(request, now: now)
        let identity = request.isOperator ? IdentityName.operatorName : request.name
        let made = try authority.issueClient(
            identity: identity, commonName: request.name, now: now, days: request.days)
        let output = CertificateDirectory(request.output ?? "\(request.name)-certs")
        let target = try DirectoryHandle.openOrMake(output.path)
        try target.requireOurs()
        let existing = output.summaries(target)
        guard existing.isEmpty else {
            throw CertificateError(
                .alreadyExists, "\(output.path) has certificates already; nothing was changed",
                path: output.path, existing: existing)
        }
        let files = [
            ("ca.crt", authority.certificatePEM), ("client.key", made.privateKeyPEM),
            ("client.crt", made.certificatePEM),
        ]
        do {
            try Self.create(files, in: target)
            try self.record(request.name, made.certificatePEM, in: handle, undo: files, of: target)
        } catch {
            target.discardIfMade()
            throw error
        }
        return Issued(
            directory: output,
            certificate: CertificateSummary(
                file: "client.crt", pem: Array(made.certificatePEM.utf8)))
    }

    private static func checkName(_ request: Request) throws(CertificateError) {
        try IdentityName.check(request.name)
        guard !IdentityName.reserved.contains(request.name) else {
            throw CertificateError(.reservedName, "'\(request.name)' is never a caller's name")
        }
        guard request.isOperator || request.name != IdentityName.operatorName else {
            throw CertificateError(
                .reservedName, "'\(request.name)' may do everything: say --operator to issue it")
        }
    }

    private func checkRecord(_ request: Request, now: Int64) throws(CertificateError) {
        guard !request.renews, let record = try self.issuedCertificate(request.name) else { return }
        // A record that cannot be read may be of a valid certificate.
        guard let end = record.notAfter, end < now else {
            throw CertificateError(
                .stillValid, "the certificate of '\(request.name)' is still valid",
                path: self.path(of: record.file), existing: [record])
        }
    }

    /// The CA of this directory. Its key is read here and nowhere else.
    private func authority(
        _ handle: borrowing DirectoryHandle
    ) throws(CertificateError) -> CertificateAuthority {
        guard let certificate = try handle.read("ca.crt", asKey: false),
            let key = try handle.read("ca.key", asKey: true)
        else {
            throw CertificateError(
                .noAuthority, "\(self.path) has no ca.crt with its ca.key", path: self.path)
        }
        return try CertificateAuthority(
            certificatePEM: String(decoding: certificate, as: UTF8.self),
            privateKeyPEM: String(decoding: key, as: UTF8.self))
    }

    /// Keeps a copy where a still valid one is looked for; without it nothing was issued.
    private func record(
        _ name: String, _ pem: String, in handle: borrowing DirectoryHandle,
        undo files: [(String, String)], of target: borrowing DirectoryHandle
    ) throws(CertificateError) {
        do {
            try handle.subdirectory(Self.issued).replace("\(name).crt", Array("\(pem)\n".utf8))
        } catch {
            for (file, _) in files {
                target.remove(file)
            }
            throw error
        }
    }
}
