import ArgumentParser
import SeliumCertificates

/// `selium-runtime`
struct RuntimeCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "selium-runtime",
        abstract: "Runs sandboxed programs and serves the control protocol.",
        discussion: """
            It is ready when it has said "Listening on ADDRESS:PORT" for every address. SIGTERM and
            SIGINT end it after its programs; a second one ends it at once.

            EXAMPLES
              selium-runtime --work-dir selium-work
              selium-runtime --work-dir selium-work --listen 0.0.0.0:7000 --log-format json
            """,
        version: "selium-runtime \(version)",
        subcommands: [GenerateCertificates.self])

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where modules/, certs/ and state/ are.", valueName: "dir"),
        completion: .directory)
    var workDir: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Where to listen; several times.", valueName: "host:port"))
    var listen: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where ca.crt, server.crt and server.key are.", valueName: "dir"),
        completion: .directory)
    var certDir: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How diagnostics are written: text or json.", valueName: "format"),
        completion: .list(["text", "json"]))
    var logFormat: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A program to start, as key=value;…; several times.", valueName: "spec"))
    var module: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where what programs write is kept: disk or memory.", valueName: "where"),
        completion: .list(["disk", "memory"]))
    var logStorage: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How much of each log is kept on disk.", valueName: "size"))
    var logKeep: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long it is kept.", valueName: "time"))
    var logAge: String?

    @Flag(help: "Serve callers without certificates, on loopback only.")
    var insecureNoClientAuth = false

    /// One `selium run` has this runtime for itself; nobody types this. The other end of stdin is
    /// held by that command: when it closes, the runtime ends and takes the work directory with it.
    /// And its one viewer is waited for: no record is dropped before that has read it.
    @Flag(name: .customLong("private"), help: .hidden)
    var isPrivate = false

    func run() throws {}
}

/// `selium-runtime generate-certs`: `selium cert init` under its old name.
struct GenerateCertificates: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-certs",
        abstract: "Make a CA, the server's certificate and the operator's.",
        discussion: """
            EXAMPLES
              selium-runtime generate-certs
              selium-runtime generate-certs --output-dir selium-work/certs --server-name build.example.com
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Where to.", valueName: "dir"),
        completion: .directory)
    var outputDir = "certs"

    @Option(parsing: .unconditional, help: ArgumentHelp("The CA's common name.", valueName: "name"))
    var caCommonName: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A name or address of the server; several times.", valueName: "host"))
    var serverName: [String] = []

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The client's common name.", valueName: "name"))
    var clientName: String?

    func run() throws {}

    /// Makes them and prints where.
    func execute() throws(Failure) {
        var setup = CertificateDirectory.Setup()
        setup.hosts = serverName
        if let caCommonName { setup.authorityCommonName = caCommonName }
        if let clientName { setup.clientCommonName = clientName }
        let directory = CertificateDirectory(outputDir)
        do {
            _ = try directory.initialize(setup, now: Clock.seconds())
            print("Wrote certificates to \(directory.path)")
        } catch {
            switch error.code {
            case .alreadyExists: throw Failure(RuntimeProgram.conflict, error.message)
            case .invalidHost: throw Failure(RuntimeProgram.usage, error.message)
            default: throw Failure.configuration(error.message)
            }
        }
    }
}
