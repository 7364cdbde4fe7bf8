internal import SeliumClient

/// A command about several processes, one after the other: one that fails keeps nobody else from
/// being heard, and the first failure is the command's code.
struct EachProcess {
    private let references: [ProcessReference]
    private let context: CommandContext

    init(words: [String], context: CommandContext) throws(CommandError) {
        if words.count > 1, context.settings.output == .json {
            throw CommandError.usage(
                "several processes are several results, and --output json is one document",
                remedies: ["use --output jsonl"])
        }
        references = try words.map { word throws(CommandError) in try ProcessReference(word: word) }
        self.context = context
    }

    /// Does `body` for each of them. The server may take a stop's grace besides the usual time.
    func run(
        _ body: @escaping @Sendable (SeliumClient, ProcessReference) async throws -> Void
    ) async throws -> ExitStatus {
        let (references, context) = (references, context)
        return try await context.withClient { client in
            let patient = client.timeout(min(context.settings.timeout + Stop.grace, .seconds(3600)))
            var status = ExitStatus.ok
            for reference in references {
                do {
                    try await body(patient, reference)
                } catch let error as ClientError where references.count > 1 {
                    let failure = CommandError(error)
                    await context.console.warn(
                        context.settings.output == .table
                            ? failure.text(colour: false) : failure.json)
                    if status == .ok { status = failure.status }
                }
            }
            return status
        }
    }
}
