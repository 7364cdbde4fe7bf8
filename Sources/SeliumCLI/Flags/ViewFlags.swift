internal import ArgumentParser
internal import SeliumClient

/// How records are shown.
struct ViewFlags: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Only the program's stdout, stderr, or structured records.",
            valueName: "stdout|stderr|structured"),
        completion: .list(["stdout", "stderr", "structured"]))
    var stream: [String] = []

    @Flag(help: "The time in front of every line.")
    var timestamps = false

    init() {}

    func validate() throws {
        for name in stream where Self.names[name] == nil {
            throw ValidationError(
                "--stream '\(name)' is neither stdout nor stderr nor structured")
        }
    }

    /// What to ask the server for; the end of a log comes whatever is chosen.
    var requested: [LogStream] { stream.compactMap { Self.names[$0] } }

    private static let names: [String: LogStream] = [
        "stdout": .stdout, "stderr": .stderr, "structured": .structured,
    ]

    /// The form for a console.
    func form(_ context: CommandContext, severalIDs: Bool = false) throws(CommandError)
        -> RecordForm
    {
        RecordForm(
            isJSON: try context.streamsJSON(), hasTimestamps: timestamps, hasIDs: severalIDs,
            streams: stream.isEmpty ? nil : Set(requested),
            filtersOut: context.console.isOutTerminal,
            filtersErr: context.console.isErrTerminal, isQuiet: context.settings.isQuiet)
    }
}
