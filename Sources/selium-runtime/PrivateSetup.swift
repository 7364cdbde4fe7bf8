import SeliumCertificates

/// How the runtime of one `selium run` begins: with a directory and certificates of its own, which go
/// when it goes.
enum PrivateSetup {
    /// Makes them. From before the first of them exists the end of stdin takes them away again.
    static func begin(_ directory: String) throws(Failure) {
        Signals.endWithStdin(removing: directory)
        try PrivateDirectory.make { () throws(Failure) in try fill(directory) }
    }

    private static func fill(_ directory: String) throws(Failure) {
        guard Surroundings.makeNewDirectory(directory) else {
            throw .configuration("cannot make the directory \(directory)")
        }
        var setup = CertificateDirectory.Setup()
        setup.hosts = ["127.0.0.1"]
        do {
            let place = CertificateDirectory("\(directory)/certs")
            _ = try place.initialize(setup, now: Clock.seconds())
        } catch {
            throw .configuration(error.message)
        }
    }
}
