internal import ArgumentParser
internal import SeliumClient

/// How records are shown.
struct ViewFlags: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Only the program's stdout, or stderr.", valueName: "stdout|stderr"),
        completion: .list(["stdout", "stderr"]))
    var stream: [String] = []

    @Flag(help: "The time in front of every line.")
    var timestamps = false

    init() {}

    func validate() throws {
        for name in stream where name != "stdout" && name != "stderr" {
            throw ValidationError("--stream '\(name)' is neither stdout nor stderr")
        }
    }

    /// What to ask the server for; the end of a log comes whatever is chosen.
    var requested: [LogStream] { stream.compactMap { $0 == "stdout" ? .stdout : .stderr } }

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
