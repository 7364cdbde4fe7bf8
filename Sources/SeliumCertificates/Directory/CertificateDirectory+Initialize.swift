extension CertificateDirectory {
    /// What a new set of certificates is made of.
    public struct Setup: Sendable {
        /// DNS names and IP addresses of the server; empty for ``defaultHosts``.
        public var hosts: [String] = []
        /// Validity of the server's and the client's certificate in days; nil for 365 and 90.
        public var days: Int?
        /// The CA's CN.
        public var authorityCommonName = "Selium CA"
        /// The client's CN; its identity is the operator's whatever stands here.
        public var clientCommonName = IdentityName.operatorName

        /// All defaults.
        public init() {}
    }

    /// localhost by all its names, and what this machine calls itself if that is a host name.
    public static var defaultHosts: [String] {
        var hosts = ["localhost", "127.0.0.1", "::1"]
        if let name = MachineName.current?.lowercased(), (try? HostName(name)) != nil,
            !hosts.contains(name)
        {
            hosts.append(name)
        }
        return hosts
    }

    /// Makes all six files: a CA, a server's certificate and the operator's.
    ///
    /// Keys are readable by their owner only; the directory is made with mode 0700, and one that
    /// exists is taken when it is ours and not writable by others. Nothing is ever overwritten: when
    /// one of the six is there nothing is changed. When making them fails, those made are removed.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: what was made, with its dates.
    /// - Throws: `alreadyExists` (with what is there), `unsafeDirectory`, `invalidHost`,
    ///   `invalidDays`, `writeFailed`.
    public func initialize(
        _ setup: Setup = Setup(), now: Int64
    ) throws(CertificateError) -> [CertificateSummary] {
        // Everything is made in memory first: what can be wrong is found before a file exists.
        let files = try self.contents(setup, now: now)
        let handle = try DirectoryHandle.openOrMake(self.path)
        try handle.requireOurs()
        let existing = self.summaries(handle)
        guard existing.isEmpty else {
            throw CertificateError(
                .alreadyExists, "\(self.path) has certificates already; nothing was changed",
                path: self.path, existing: existing)
        }
        do {
            try Self.create(files, in: handle)
        } catch {
            handle.discardIfMade()
            // Somebody made them at the same moment: say what is there, as above.
            guard error.code == .alreadyExists else { throw error }
            throw CertificateError(
                .alreadyExists, "\(self.path) has certificates already; nothing was changed",
                path: self.path, existing: self.summaries(handle))
        }
        return self.summaries(handle)
    }

    private func contents(
        _ setup: Setup, now: Int64
    ) throws(CertificateError) -> [(String, String)] {
        let authority = try CertificateAuthority.make(
            commonName: setup.authorityCommonName, now: now)
        let server = try authority.issueServer(
            hosts: setup.hosts.isEmpty ? Self.defaultHosts : setup.hosts, now: now,
            days: setup.days ?? CertificateAuthority.defaultServerDays)
        let client = try authority.issueClient(
            identity: IdentityName.operatorName, commonName: setup.clientCommonName, now: now,
            days: setup.days ?? CertificateAuthority.defaultClientDays)
        return [
            ("ca.key", try authority.privateKeyPEM), ("ca.crt", authority.certificatePEM),
            ("server.key", server.privateKeyPEM), ("server.crt", server.certificatePEM),
            ("client.key", client.privateKeyPEM), ("client.crt", client.certificatePEM),
        ]
    }

    /// Makes all files or none.
    static func create(
        _ files: [(String, String)], in handle: borrowing DirectoryHandle
    ) throws(CertificateError) {
        var made: [String] = []
        for (name, text) in files {
            do {
                try handle.create(name, Array("\(text)\n".utf8))
            } catch {
                for name in made {
                    handle.remove(name)
                }
                throw error
            }
            made.append(name)
        }
        handle.synchronize()
    }
}
