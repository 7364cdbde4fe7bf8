import ArgumentParser
import SeliumABI
import SeliumCertificates

/// One command line of `selium-runtime`.
enum RuntimeProgram {
    /// Exit codes: what a supervisor may tell apart.
    static let ok: Int32 = 0
    static let conflict: Int32 = 4
    static let usage: Int32 = 64
    static let failed: Int32 = 70
    static let badConfiguration: Int32 = 78

    static func run(_ arguments: [String]) async -> Int32 {
        let environment = Environment.variables()
        var log = DiagnosticSink(format: environment["SELIUM_LOG_FORMAT"] == "json" ? .json : .text)
        do {
            try refuseRepeated(arguments)
            var command = try RuntimeCommand.parseAsRoot(arguments)
            switch command {
            case let generate as GenerateCertificates:
                try generate.execute()
                return ok
            case let runtime as RuntimeCommand:
                let settings = try RuntimeSettings(runtime, environment: environment)
                log = DiagnosticSink(format: settings.logFormat)
                return try await RuntimeService(settings, log).run()
            default:
                // Help: running it throws what to print.
                try command.run()
                return ok
            }
        } catch let failure as Failure {
            log.fail(failure)
            return failure.code
        } catch {
            guard RuntimeCommand.exitCode(for: error) != .success else {
                print(RuntimeCommand.fullMessage(for: error))
                return ok
            }
            let words =
                RuntimeCommand.message(for: error).split(separator: "\n").first ?? "bad usage"
            let message = words.prefix(1).lowercased() + words.dropFirst()
            log.fail(Failure(usage, message, "how it is used: selium-runtime --help"))
            return usage
        }
    }

    /// A flag that takes one value and was given two is bad usage, not the last of them.
    private static func refuseRepeated(_ arguments: [String]) throws(Failure) {
        let names = [
            "--work-dir", "--cert-dir", "--log-format", "--log-storage", "--log-keep", "--log-age",
            "--output-dir", "--ca-common-name",
            "--client-name",
        ]
        let single = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
        let several: Set = ["--listen", "--module", "--server-name"]
        guard let found = RepeatedFlag(in: arguments, single: single, several: several) else {
            return
        }
        throw Failure(
            usage, "\(found.name) is given twice: '\(found.first)' and '\(found.second)'",
            "it takes one value")
    }
}

/// Why the runtime does not start: the exit code, one sentence, and what to do.
struct Failure: Error {
    let code: Int32
    let message: String
    let remedy: String

    init(_ code: Int32, _ message: String, _ remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Something in the configuration, the files or the machine.
    static func configuration(_ message: String, _ remedy: String = "") -> Failure {
        Failure(RuntimeProgram.badConfiguration, message, remedy)
    }
}
