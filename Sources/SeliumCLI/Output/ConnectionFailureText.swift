internal import SeliumClient

/// What is said about a connection that did not come about: golden text, line by line.
struct ConnectionFailureText {
    let message: String
    let remedies: [String]

    init(_ failure: ConnectionFailure) {
        let (message, remedy) = Self.lines(failure)
        self.message = Escape.foreign(message)
        remedies = remedy.isEmpty ? [] : [Escape.foreign(remedy)]
    }

    private static func lines(_ failure: ConnectionFailure) -> (String, String) {
        switch failure {
        case .noCertificates(let tried):
            (
                "no certificates in \(tried.joined(separator: " or "))",
                "to make them: selium cert init"
            )
        case .unreadableFile(let path, let reason):
            (
                "cannot read \(path): \(reason)",
                "check the file, or name another directory: --cert-dir DIR"
            )
        case .invalidFile(let path, let reason):
            ("\(path) is not usable: \(reason)", "to make new ones: selium cert init --dir DIR")
        case .keyReadableByOthers(let path, let mode):
            ("\(path) is readable by others (\(octal(mode)))", "fix: chmod 600 \(path)")
        case .foreignFile(let path, let reason):
            ("\(path) is not taken: \(reason)", "name a directory of your own: --cert-dir DIR")
        case .unknownHost(let host, let reason):
            ("no address for \(host): \(reason)", "check the name: --domain HOST")
        case .nothingListening(let host, let port, let tried):
            (
                "nothing listens on \(place(host, port)) (tried \(tried.joined(separator: ", ")))",
                "start it: selium-runtime"
            )
        case .noAnswer(let host, let port, let seconds):
            (
                "no answer from \(place(host, port)) in \(number(seconds)) s: host down, or UDP \(port) filtered",
                "check: the host is up, and UDP port \(port) is open on the way"
            )
        case .protocolDiffers(let host, let port):
            ("\(place(host, port)) does not speak selium/1", "check the port: --port PORT")
        case .unavailable(let host, let port, let reason):
            ("no connection to \(place(host, port)): \(reason)", "try again in a moment")
        case .other(let host, let port, let reason):
            ("no connection to \(place(host, port)): \(reason)", "more about it: selium -v …")
        default: certificateLines(failure)
        }
    }

    private static func certificateLines(_ failure: ConnectionFailure) -> (String, String) {
        switch failure {
        case .foreignAuthority(let host, let port, let caPath):
            (
                "\(place(host, port)) shows a certificate of another CA than \(caPath)",
                "take the certificates that belong to that server: --cert-dir DIR"
            )
        case .serverCertificateExpired(let notAfter, let now):
            (
                "the server's certificate expired on \(Timestamp.date(notAfter)) (your clock: \(Timestamp.date(now)))",
                "on the server, make new ones: selium cert init --dir NEW"
            )
        case .serverCertificateNotYetValid(let notBefore, let now):
            (
                "the server's certificate is valid from \(Timestamp.date(notBefore)) (your clock: \(Timestamp.date(now)))",
                "check both clocks"
            )
        case .ownCertificateExpired(let path, let notAfter, let now):
            (
                "your certificate \(path) expired on \(Timestamp.date(notAfter)) (your clock: \(Timestamp.date(now)))",
                "where the CA is: selium cert issue NAME --renew"
            )
        case .ownCertificateNotYetValid(let path, let notBefore, let now):
            (
                "your certificate \(path) is valid from \(Timestamp.date(notBefore)) (your clock: \(Timestamp.date(now)))",
                "check the clocks of this machine and of the one where the CA is"
            )
        case .wrongName(let names, let host):
            (
                "the certificate is for \(names.joined(separator: ", ")), not for \(host)",
                names.first.map { "try: --server-name \($0)" }
                    ?? "the certificate names no host at all"
            )
        case .invalidServerCertificate(let host, let port, let reason):
            (
                "\(place(host, port)) shows a certificate that is not usable: \(reason)",
                "look at it on the server"
            )
        case .refusedByServer(let name):
            (
                "the server refused the certificate \(name) (unknown CA, expired or revoked)",
                "ask for one of its CA: selium cert issue NAME"
            )
        default: ("no connection", "")
        }
    }

    /// HOST:PORT, an IPv6 address in brackets.
    static func place(_ host: String, _ port: UInt16) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func octal(_ mode: UInt32) -> String {
        Escape.padded(String(mode & 0o7777, radix: 8), 4)
    }

    /// Seconds without a needless fraction.
    private static func number(_ seconds: Double) -> String {
        let tenths = Int((min(max(seconds, 0), 1e6) * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
