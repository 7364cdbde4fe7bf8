internal import SeliumTLSCore

/// The three files a client needs, read with the checks a private key deserves.
struct CertificateFiles: Sendable {
    /// No file of this kind is larger.
    private static let maximumSize: UInt64 = 256 * 1024
    private static let root: UInt32 = 0

    /// The CA, our certificate (leaf first), our key.
    let authority: [UInt8]
    let certificate: [UInt8]
    let key: [UInt8]
    /// What messages call the CA's file and our certificate.
    let authorityPath: String
    let certificatePath: String
    let keyPath: String

    /// Finds and reads them.
    ///
    /// - Parameter home: the user's home directory, if there is one.
    init(_ source: SeliumClient.CertificateSource, home: String?) throws(ClientError) {
        switch source {
        case .memory(let authority, let certificate, let key):
            self.init(authority: authority, certificate: certificate, key: key)
        case .directory(let path):
            guard Self.has(path) else { throw Self.failed(.noCertificates(tried: [path])) }
            try self.init(directory: path, shown: path)
        case .standard:
            guard let (path, shown) = try Self.standardDirectory(home: home) else {
                throw Self.failed(.noCertificates(tried: ["./certs", "~/.config/selium/certs"]))
            }
            try self.init(directory: path, shown: shown)
        }
    }

    private init(authority: [UInt8], certificate: [UInt8], key: [UInt8]) {
        (self.authority, self.certificate, self.key) = (authority, certificate, key)
        (authorityPath, certificatePath, keyPath) = (
            "the given CA", "the given certificate", "the given key"
        )
    }

    private init(directory path: String, shown: String) throws(ClientError) {
        authorityPath = "\(shown)/ca.crt"
        certificatePath = "\(shown)/client.crt"
        keyPath = "\(shown)/client.key"
        authority = try Self.read("\(path)/ca.crt", shown: authorityPath, isKey: false)
        certificate = try Self.read("\(path)/client.crt", shown: certificatePath, isKey: false)
        key = try Self.read("\(path)/client.key", shown: keyPath, isKey: true)
    }

    /// `./certs` only when nobody else could have put it there.
    private static func standardDirectory(home: String?) throws(ClientError) -> (String, String)? {
        if has("certs") {
            try requireOurs("certs")
            return ("certs", "certs")
        }
        guard let home, !home.isEmpty, has("\(home)/.config/selium/certs") else { return nil }
        return ("\(home)/.config/selium/certs", "~/.config/selium/certs")
    }

    /// The directory that is taken when nobody names one, as messages call it; nil when none of the
    /// places has certificates.
    static func standardPlace(home: String?) throws(ClientError) -> String? {
        try standardDirectory(home: home)?.1
    }

    /// A place has certificates when it holds client.crt.
    private static func has(_ directory: String) -> Bool {
        do {
            _ = try FileReader("\(directory)/client.crt")
            return true
        } catch {
            return !error.isMissing
        }
    }

    private static func requireOurs(_ directory: String) throws(ClientError) {
        do {
            let status = try FileReader(directory).status()
            guard status.owner == FileReader.user || status.owner == root else {
                throw failed(.foreignFile(path: directory, reason: "it belongs to another user"))
            }
            guard status.mode & 0o022 == 0 else {
                throw failed(.foreignFile(path: directory, reason: "others may write in it"))
            }
        } catch let problem as FileReader.Problem {
            throw failed(.unreadableFile(path: directory, reason: problem.reason))
        } catch let error as ClientError {
            throw error
        } catch {
            throw failed(.unreadableFile(path: directory, reason: "\(error)"))
        }
    }

    private static func read(_ path: String, shown: String, isKey: Bool) throws(ClientError)
        -> [UInt8]
    {
        do {
            let file = try FileReader(path)
            let status = try file.status()
            guard status.isRegular, status.size <= maximumSize else {
                let reason =
                    status.isDirectory ? "it is a directory" : "it is no file of at most 256 KiB"
                throw failed(.unreadableFile(path: shown, reason: reason))
            }
            if isKey { try judgeKey(status, shown) }
            return try file.read(at: 0, count: Int(status.size))
        } catch let problem as FileReader.Problem {
            throw failed(.unreadableFile(path: shown, reason: problem.reason))
        } catch let error as ClientError {
            throw error
        } catch {
            throw failed(.unreadableFile(path: shown, reason: "\(error)"))
        }
    }

    private static func judgeKey(_ status: FileReader.Status, _ shown: String) throws(ClientError) {
        guard status.owner == FileReader.user || status.owner == root else {
            throw failed(.foreignFile(path: shown, reason: "it belongs to another user"))
        }
        // A group may read a key only where root has decided that.
        let forbidden: UInt32 = status.owner == root ? 0o007 : 0o077
        guard status.mode & forbidden == 0 else {
            throw failed(.keyReadableByOthers(path: shown, mode: status.mode))
        }
    }

    /// The TLS side of it.
    func tlsConfiguration(alpn: String) -> TLSClientConfiguration {
        TLSClientConfiguration(
            trustRoots: authority,
            identity: TLSIdentity(certificateChain: certificate, privateKey: key),
            applicationProtocols: [alpn])
    }

    /// What our certificate calls us: the identity in it, else its CN.
    var name: String {
        guard let own = Certificate(certificate) else { return certificatePath }
        let prefix = "selium://identity/"
        let identity = own.uriNames.first { $0.hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count))
        }
        return identity ?? own.commonName ?? certificatePath
    }

    static func failed(_ failure: ConnectionFailure) -> ClientError { ClientError(failure) }
}

extension ClientError {
    /// A connection that did not come about.
    init(_ failure: ConnectionFailure) {
        self.init(
            .connectionFailed, failure.description, isRetryable: failure.isRetryable,
            detail: .connection(failure))
    }
}

extension ConnectionFailure: CustomStringConvertible {
    /// One sentence for people; programs look at the case.
    public var description: String {
        switch self {
        case .noCertificates(let tried): "no certificates in \(tried.joined(separator: " or "))"
        case .unreadableFile(let path, let reason): "cannot read \(path): \(reason)"
        case .invalidFile(let path, let reason): "\(path) is not usable: \(reason)"
        case .keyReadableByOthers(let path, _): "\(path) is readable by others"
        case .foreignFile(let path, let reason): "\(path) is not taken: \(reason)"
        case .unknownHost(let host, let reason): "no address for \(host): \(reason)"
        case .nothingListening(let host, let port, _): "nothing listens on \(host) port \(port)"
        case .noAnswer(let host, let port, _): "no answer from \(host) port \(port)"
        case .foreignAuthority(let host, let port, let path):
            "\(host) port \(port) shows a certificate of another CA than \(path)"
        case .serverCertificateExpired: "the server's certificate has expired"
        case .serverCertificateNotYetValid: "the server's certificate is not valid yet"
        case .wrongName(let names, let host):
            "the server's certificate is for \(names.joined(separator: ", ")), not for \(host)"
        case .invalidServerCertificate(_, _, let reason):
            "the server's certificate is not usable: \(reason)"
        case .ownCertificateExpired(let path, _, _): "the certificate \(path) has expired"
        case .ownCertificateNotYetValid(let path, _, _): "the certificate \(path) is not valid yet"
        case .refusedByServer(let name): "the server refused the certificate \(name)"
        case .protocolDiffers(let host, let port): "\(host) port \(port) does not speak selium/1"
        case .unavailable(let host, let port, let reason), .other(let host, let port, let reason):
            "no connection to \(host) port \(port): \(reason)"
        }
    }
}
