import SeliumCertificates
import SeliumTLSCore

/// What the control server shows, and whom it believes.
struct ServerCertificates {
    /// Where they were found.
    let directory: String
    let identity: TLSIdentity
    /// PEM of the CAs whose clients may call.
    let clientRoots: [UInt8]

    /// Reads them from `--cert-dir`, else from `<work-dir>/certs`.
    init(_ settings: RuntimeSettings) throws(Failure) {
        directory = settings.certificateDirectory ?? "\(settings.workDirectory)/certs"
        do {
            let certificate = try CertificateFile.read("\(directory)/server.crt")
            let key = try CertificateFile.readKey("\(directory)/server.key")
            identity = TLSIdentity(certificateChain: certificate, privateKey: key)
            let roots = "\(directory)/client-ca.crt"
            clientRoots = try CertificateFile.read(
                Surroundings.exists(roots) ? roots : "\(directory)/ca.crt")
        } catch {
            throw Self.failure(error, directory)
        }
    }

    /// A context to try addresses with; it also finds out whether key and certificate belong together.
    func context(_ settings: RuntimeSettings) throws(Failure) -> TLSContext {
        do {
            return try TLSContext(
                server: TLSServerConfiguration(
                    identity: identity,
                    clientAuthentication: settings.allowsAnonymous
                        ? .none : .required(trustRoots: clientRoots),
                    applicationProtocols: ["selium/1"]))
        } catch {
            throw .configuration("\(directory): \(error.message)")
        }
    }

    private static func failure(_ error: CertificateError, _ directory: String) -> Failure {
        switch error.code {
        case .missing where error.path == "\(directory)/server.crt":
            .configuration(
                "no certificates in \(directory)",
                "to make them: selium cert init --dir \(directory)")
        case .unsafeKeyFile:
            .configuration(
                error.message, "fix: chmod 600 \(error.path ?? "\(directory)/server.key")")
        default: .configuration(error.message)
        }
    }
}
