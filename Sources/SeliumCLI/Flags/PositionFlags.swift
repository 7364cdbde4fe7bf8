internal import ArgumentParser
internal import SeliumClient

/// Where to begin in a log.
struct PositionFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Begin with the last records.", valueName: "n|all"))
    var tail: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Begin with this record.", valueName: "seq"))
    var from: String?

    init() {}

    /// The position, or `standard` when nothing was said. `all` is the first record there ever was, so
    /// that what is not kept any more is a gap that is told, and not silence.
    func position(_ standard: LogPosition) throws(CommandError) -> LogPosition {
        try Self.position(tail: tail, from: from, standard)
    }

    static func position(
        tail: String?, from: String?, _ standard: LogPosition
    ) throws(CommandError) -> LogPosition {
        guard tail == nil || from == nil else {
            throw .usage("--tail and --from exclude each other")
        }
        if let from {
            guard let sequence = UInt64(from), sequence > 0 else {
                throw .usage("--from '\(Escape.foreign(from))' is not a record's number (from 1)")
            }
            return .sequence(sequence)
        }
        guard let tail else { return standard }
        if tail == "all" { return .sequence(1) }
        guard let count = UInt32(tail) else {
            throw .usage("--tail '\(Escape.foreign(tail))' is not a number of records, or all")
        }
        return .tail(count)
    }
}
