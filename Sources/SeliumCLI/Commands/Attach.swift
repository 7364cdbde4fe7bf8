internal import ArgumentParser
internal import SeliumClient
internal import Synchronization

/// `selium attach ID…`
struct Attach: SeliumSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Watch programs that run, or what they left behind.",
        discussion: """
            It begins with the last 10 lines and ends with the program, returning its exit code. Ctrl-C
            leaves the program running; with -i it is Ctrl-].

            EXAMPLES
              selium attach 7 --tail all
              selium attach web worker --timestamps
            """)

    @Argument(help: ArgumentHelp("Ids or names.", valueName: "id"))
    var processes: [String]

    @OptionGroup var view: ViewFlags

    @OptionGroup var start: PositionFlags

    @Flag(name: .customShort("i"), help: "Send this command's stdin to the program.")
    var input = false

    @OptionGroup(title: "Global options") var global: GlobalFlags

    func execute(_ context: CommandContext) async throws -> ExitStatus {
        let position = try start.position(.tail(10))
        let processes = try ProcessReference.distinct(processes)
        let form = try view.form(context, severalIDs: processes.count > 1)
        guard !input || processes.count == 1 else {
            throw CommandError.usage("-i takes one process")
        }
        // One signal is for all of several: it is waited for outside of their sessions then.
        let session = AttachSession(
            console: context.console, form: form, signals: SignalWatch(), sendsInput: input,
            heedsSignals: processes.count == 1)
        return try await context.withClient { client in
            try await follow(client, processes, position, session, context)
        }
    }

    /// Several are followed at once; the first, in the order given, that did not end well decides.
    private func follow(
        _ client: SeliumClient, _ processes: [ProcessReference], _ position: LogPosition,
        _ session: AttachSession, _ context: CommandContext
    ) async throws -> ExitStatus {
        let followed = FollowedProcesses()
        func followOne(_ reference: ProcessReference) async throws -> ExitStatus {
            try await client.withAttachment(
                to: reference, from: position, streams: view.requested, input: input
            ) { attachment in
                let id = await attachment.process.id
                // One of them by its name and by its id.
                guard followed.begin(id) else { return .ok }
                return try await AttachSession.afterStart(id, context) {
                    let ending = try await session.run(attachment, id: id)
                    return await session.conclude(ending, id: id, isQuiet: context.settings.isQuiet)
                }
            }
        }
        if processes.count == 1 { return try await followOne(processes[0]) }
        return try await withThrowingTaskGroup(of: (Int, ExitStatus)?.self) { group in
            for (index, reference) in processes.enumerated() {
                group.addTask { (index, try await followOne(reference)) }
            }
            group.addTask { await session.signals.next().map { (-1, $0.status) } }
            defer { group.cancelAll() }
            var statuses: [Int: ExitStatus] = [:]
            while statuses.count < processes.count, let next = try await group.next() {
                guard let (index, status) = next else { continue }
                if index < 0 { return status }
                statuses[index] = status
            }
            return statuses.sorted { $0.key < $1.key }.map(\.value).first { $0 != .ok } ?? .ok
        }
    }
}

/// Which processes one `attach` follows already.
private final class FollowedProcesses: Sendable {
    private let ids = Mutex<Set<UInt64>>([])

    /// False when somebody has begun with it before.
    func begin(_ id: UInt64) -> Bool { ids.withLock { $0.insert(id).inserted } }
}
