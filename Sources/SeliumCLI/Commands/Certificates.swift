internal import ArgumentParser
internal import SeliumCertificates

/// `selium cert`
struct Certificates: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make and issue certificates.",
        discussion: """
            EXAMPLES
              selium cert init
              selium cert issue alice
            """,
        subcommands: [InitCertificates.self, IssueCertificate.self])
}

/// `selium cert init`
struct InitCertificates: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a CA, the server's certificate and the operator's.",
        discussion: """
            Where certificates exist nothing is changed, and they are listed with their dates.

            EXAMPLES
              selium cert init
              selium cert init --dir selium-work/certs --host build.example.com
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Where to.", valueName: "dir"),
        completion: .directory)
    var dir = "certs"

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A name or address of the server; several times.", valueName: "name|ip"))
    var host: [String] = []

    @Option(parsing: .unconditional, help: ArgumentHelp("How long they are valid.", valueName: "n"))
    var days: Int?

    @OptionGroup(title: "Global options") var global: GlobalFlags

    var usesContext: Bool { false }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        var setup = CertificateDirectory.Setup()
        setup.hosts = host
        setup.days = days
        let directory = CertificateDirectory(dir)
        do {
            let made = try directory.initialize(setup, now: context.console.now() / 1_000_000_000)
            try await CertificateOutput.write(
                made, directory, "Wrote certificates to \(directory.path)", context)
            return .ok
        } catch let error as CertificateError {
            throw CertificateOutput.failure(error)
        }
    }
}

/// `selium cert issue`
struct IssueCertificate: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "issue",
        abstract: "Issue a certificate for one more caller, in a directory to hand over.",
        discussion: """
            NAME is who the server takes its bearer for. What that one may do is the server's decision.

            EXAMPLES
              selium cert issue alice
              selium cert issue laptop --operator --out laptop-certs --days 30
            """)

    @Argument(help: "Letters a-z, digits and . _ -")
    var name: String

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Where the CA is.", valueName: "dir"),
        completion: .directory)
    var dir = "certs"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where to; NAME-certs if not given.", valueName: "dir"),
        completion: .directory)
    var out: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("How long it is valid.", valueName: "n"))
    var days = 90

    @Flag(name: .customLong("operator"), help: "The identity inside is the operator's.")
    var isOperator = false

    @Flag(help: "Issue although one of that name is still valid.")
    var renew = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    var usesContext: Bool { false }

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        var request = CertificateDirectory.Request(name: name)
        request.days = days
        request.isOperator = isOperator
        request.renews = renew
        request.output = out
        do {
            let issued = try CertificateDirectory(dir).issue(
                request, now: context.console.now() / 1_000_000_000)
            try await CertificateOutput.write(
                [issued.certificate], issued.directory,
                "Wrote certificates to \(issued.directory.path)", context)
            return .ok
        } catch let error as CertificateError {
            throw CertificateOutput.failure(error)
        }
    }
}

/// What the certificate commands print.
enum CertificateOutput {
    static func write(
        _ files: [CertificateSummary], _ directory: CertificateDirectory, _ title: String,
        _ context: CommandContext
    ) async throws(ClosedOutput) {
        let lines = [title] + files.compactMap(line)
        try await context.write(
            schema: "selium.certificates/1", table: lines.map { $0 + "\n" }.joined(),
            name: directory.path + "\n",
            [
                .init("directory", .string(directory.path)),
                .init("certificates", .array(files.map(json))),
            ])
    }

    /// An error of the certificate room, with its exit code.
    static func failure(_ error: CertificateError) -> CommandError {
        let status: ExitStatus
        switch error.code {
        case .alreadyExists, .stillValid: status = .conflict
        case .invalidName, .reservedName, .invalidHost, .invalidDays: status = .usage
        case .noAuthority, .unsafeDirectory, .unsafeKeyFile: status = .badConfiguration
        default: status = .failed
        }
        var remedies = error.existing.compactMap(line)
        if error.code == .stillValid { remedies.append("to issue another one: --renew") }
        return CommandError(
            status, Escape.foreign(error.message), remedies: remedies,
            details: error.existing.isEmpty
                ? [] : [.init("certificates", .array(error.existing.map(json)))])
    }

    private static func line(_ file: CertificateSummary) -> String? {
        guard let notAfter = file.notAfter else {
            return file.file.hasSuffix(".key") ? nil : "  \(file.file)"
        }
        let whom = file.identity.map { "  \(Escape.foreign($0))" } ?? ""
        return "  \(file.file)  expires \(Timestamp.date(notAfter))\(whom)"
    }

    private static func json(_ file: CertificateSummary) -> JSONValue {
        .object([
            .init("file", .string(file.file)), .init("identity", .optional(file.identity)),
            .init("hosts", .array(file.hosts.map(JSONValue.string))),
            .init(
                "expiresAt",
                file.notAfter.map { .string(Timestamp.precise(seconds: $0)) } ?? .null),
        ])
    }
}
