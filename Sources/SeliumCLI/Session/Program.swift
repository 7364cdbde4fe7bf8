internal import ArgumentParser
internal import Glibc
internal import SeliumClient

/// The command `selium`, without the process around it.
public enum Program {
    /// Runs one command line in this process's own surroundings.
    ///
    /// - Parameter arguments: what follows the program's name.
    /// - Returns: the code to exit with.
    public static func main(arguments: [String]) async -> Int32 {
        Terminal.ignoreBrokenPipes()
        let console = Console(
            out: DescriptorSink(STDOUT_FILENO), err: DescriptorSink(STDERR_FILENO),
            input: StandardInput(),
            isOutTerminal: Terminal.isTerminal(STDOUT_FILENO),
            isErrTerminal: Terminal.isTerminal(STDERR_FILENO),
            isInputTerminal: Terminal.isTerminal(STDIN_FILENO),
            environment: Environment.variables(),
            now: { LocalClock.nanoseconds() })
        let status = await run(arguments, console)
        // What was posted is on its way: it goes first.
        await console.err.drain()
        return status.code
    }

    /// Runs one command line.
    static func run(_ arguments: [String], _ console: Console) async -> ExitStatus {
        let arguments = ArgumentOrder.commandFirst(arguments, groups: Selium.groups)
        let command: any SeliumSubcommand
        do {
            try checkCommand(arguments)
            try RepeatedFlags.check(arguments)
            var parsed = try parse(arguments)
            guard let ours = parsed as? any SeliumSubcommand else {
                // Help, and groups without a command: running them throws what to print.
                try parsed.run()
                return .ok
            }
            command = ours
        } catch let error as CommandError {
            return await fail(error, GuessedSettings(arguments, console.environment), console)
        } catch {
            return await refuse(error, arguments, console)
        }
        return await execute(command, console)
    }

    /// A sound line of a command without commands of its own is read by that command alone: the way
    /// over the root reads the global flags twice, and costs as much again. Everything else, help
    /// and mistakes too, goes over the root, which words it.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        if let name = arguments.first, let command = Selium.leaves[name],
            let parsed = try? command.parse(Array(arguments.dropFirst()))
        {
            return parsed
        }
        return try Selium.parseAsRoot(arguments)
    }

    private static func execute(_ command: any SeliumSubcommand, _ console: Console) async
        -> ExitStatus
    {
        var guessed = GuessedSettings(isJSON: false, isColoured: false)
        do {
            let environment = console.environment.filter {
                !command.ignoredVariables.contains($0.key)
            }
            let settings = try Settings(
                flags: command.global.given, environment: environment,
                usesContext: command.usesContext)
            guessed = GuessedSettings(settings, console)
            return try await command.execute(CommandContext(console: console, settings: settings))
        } catch let error as ClosedOutput {
            guard !error.isQuiet else { return .closedOutput }
            return await fail(CommandError(.failed, error.message), guessed, console)
        } catch let error as CommandError {
            return await fail(error, guessed, console)
        } catch let error as ClientError {
            return await fail(CommandError(error), guessed, console)
        } catch {
            return await fail(CommandError(.serverError, "\(error)"), guessed, console)
        }
    }

    /// An unknown command is named with its nearest neighbour.
    private static func checkCommand(_ arguments: [String]) throws(CommandError) {
        // `help` takes the words of a command.
        let arguments = arguments.first == "help" ? Array(arguments.dropFirst()) : arguments
        guard let first = arguments.first, !first.hasPrefix("-") else { return }
        guard first != "help", Selium.names.contains(first) else {
            throw unknown("command", first, Selium.names)
        }
        guard let members = Selium.groups[first], arguments.count > 1, !arguments[1].hasPrefix("-"),
            !members.contains(arguments[1])
        else { return }
        throw unknown(
            "command", "\(first) \(arguments[1])", members.map { "\(first) \($0)" }, group: first)
    }

    private static func unknown(
        _ kind: String, _ word: String, _ known: [String], group: String? = nil
    ) -> CommandError {
        let nearest = NearestName.of(word, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return .usage(
            "unknown \(kind) '\(Escape.foreign(word))'\(nearest)",
            remedies: ["all of them: selium\(group.map { " \($0)" } ?? "") --help"])
    }

    /// What the parser throws: help that was asked for, or words it does not understand.
    private static func refuse(_ error: any Error, _ arguments: [String], _ console: Console) async
        -> ExitStatus
    {
        guard Selium.exitCode(for: error) != .success else {
            do {
                try await console.write(Selium.fullMessage(for: error) + "\n")
                return .ok
            } catch {
                return .closedOutput
            }
        }
        let words = Selium.message(for: error).split(separator: "\n").first ?? "bad usage"
        let message = plausible(words.prefix(1).lowercased() + words.dropFirst())
        let command = arguments.first.flatMap { Selium.names.contains($0) ? " \($0)" : nil } ?? ""
        let failure = CommandError.usage(
            Escape.foreign(message), remedies: ["how it is used: selium\(command) --help"])
        return await fail(failure, GuessedSettings(arguments, console.environment), console)
    }

    /// The parser's message without a suggestion that is nothing like what was written.
    private static func plausible(_ message: String) -> String {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[2].contains("Did you mean") else { return message }
        let (given, suggested) = (parts[1].drop { $0 == "-" }, parts[3].drop { $0 == "-" })
        guard NearestName.of(String(given), among: [String(suggested)]) == nil else {
            return message
        }
        return "\(parts[0])'\(parts[1])'"
    }

    private static func fail(
        _ error: CommandError, _ settings: GuessedSettings, _ console: Console
    ) async -> ExitStatus {
        let isColoured = settings.isColoured && console.isErrTerminal
        await console.warn(settings.isJSON ? error.json : error.text(colour: isColoured))
        return error.status
    }
}

/// How an error is written when the settings themselves may be what is wrong.
private struct GuessedSettings {
    var isJSON: Bool
    var isColoured: Bool

    init(isJSON: Bool, isColoured: Bool) {
        self.isJSON = isJSON
        self.isColoured = isColoured
    }

    init(_ settings: Settings, _ console: Console) {
        let isJSON =
            switch settings.output {
            case .json, .jsonl: true
            case .table, .name: settings.outputOrigin == .standard && settings.logFormat == .json
            }
        self.init(
            isJSON: isJSON, isColoured: settings.isColoured(onTerminal: console.isErrTerminal))
    }

    init(_ arguments: [String], _ environment: [String: String]) {
        var output = environment["SELIUM_OUTPUT"]
        for (index, word) in arguments.prefix(while: { $0 != "--" }).enumerated() {
            for flag in ["--output", "-o"] {
                if word == flag, index + 1 < arguments.count { output = arguments[index + 1] }
                if word.hasPrefix(flag + "=") { output = String(word.dropFirst(flag.count + 1)) }
            }
        }
        let isJSON =
            output.map { $0.hasPrefix("json") } ?? (environment["SELIUM_LOG_FORMAT"] == "json")
        self.init(isJSON: isJSON, isColoured: (environment["NO_COLOR"] ?? "").isEmpty)
    }
}
